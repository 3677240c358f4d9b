package p9srv

import (
	"bytes"
	"syscall"

	"fullex/p9srv/wire"
)

// version answers Tversion, which ends the session there was: all fids are
// clunked (version(5)). A version that is not ours gets "unknown" and no
// session; an msize too small for any reply gets EMSGSIZE and none either.
func (f *front) version(m wire.Frame, out []byte) ([]byte, error) {
	f.endSession()
	if !m.Fits() {
		return out, syscall.EINVAL
	}
	body := m.Body()
	msize := min(body.U32(), maxMsize)
	asked := body.Str()
	if !speaks9P2000L(asked) {
		f.warn("version refused", "asked", wire.Printable(asked), "want", wire.Version9P2000L)
		return wire.AppendVersion(out, wire.Rversion, m.Tag(), msize, wire.VersionUnknown), nil
	}
	if msize < minMsize {
		f.warn("msize refused", "asked", msize, "least", minMsize)
		return out, syscall.EMSGSIZE
	}
	f.msize = msize
	return wire.AppendVersion(out, wire.Rversion, m.Tag(), msize, wire.Version9P2000L), nil
}

// speaks9P2000L takes 9P2000.L and its extensions: what follows another period
// is dropped, as version(5) has it, and so is not agreed to.
func speaks9P2000L(asked []byte) bool {
	rest, ok := bytes.CutPrefix(asked, []byte(wire.Version9P2000L))
	return ok && (len(rest) == 0 || rest[0] == '.')
}
