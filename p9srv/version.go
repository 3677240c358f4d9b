package p9srv

import (
	"bytes"
	"syscall"

	"fullex/p9srv/wire"
)

// version answers Tversion. The 9P session before it ends, and all its fids are clunked
// (version(5)). If the server does not speak the version, the reply is "unknown". If msize
// is too small, the errno is EMSGSIZE. In both cases no 9P session begins.
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

// speaks9P2000L reports whether asked is 9P2000.L, or 9P2000.L with an extension after
// another period. The reply leaves the extension out, so it is not agreed (version(5)).
func speaks9P2000L(asked []byte) bool {
	rest, ok := bytes.CutPrefix(asked, []byte(wire.Version9P2000L))
	return ok && (len(rest) == 0 || rest[0] == '.')
}
