package p9srv

import (
	"strings"
	"syscall"
)

const (
	version9P2000L = "9P2000.L"
	versionUnknown = "unknown"
)

// version answers Tversion, which ends the session there was: all fids are
// clunked (version(5)). A version that is not ours gets "unknown" and no
// session; an msize too small for any reply gets EMSGSIZE and none either.
func (f *front) version(m message, out []byte) ([]byte, error) {
	f.endSession()
	if !layouts[tversion].fits(m.body) {
		return refuse(out, m.tag, syscall.EINVAL), nil
	}
	body := cursor(m.body)
	msize := min(body.u32(), maxMsize)
	asked := string(body.str())
	if !speaks9P2000L(asked) {
		f.log.Warn("version refused", "asked", printable(asked), "want", version9P2000L)
		return appendVersion(out, m.tag, msize, versionUnknown), nil
	}
	if msize < minMsize {
		f.log.Warn("msize refused", "asked", msize, "least", minMsize)
		return refuse(out, m.tag, syscall.EMSGSIZE), nil
	}
	l, err := startLibrary(f)
	f.library = l // also if it failed: endSession closes it
	if err != nil {
		return out, err
	}
	f.msize, f.plain = msize, f.srv.Trace == nil
	return appendVersion(out, m.tag, msize, version9P2000L), nil
}

// speaks9P2000L takes 9P2000.L and its extensions: what follows another period
// is dropped, as version(5) has it, and so is not agreed to.
func speaks9P2000L(asked string) bool {
	return asked == version9P2000L || strings.HasPrefix(asked, version9P2000L+".")
}

func appendVersion(out []byte, tag uint16, msize uint32, version string) []byte {
	start := len(out)
	out = begin(out, tversion+1, tag)
	out = le.AppendUint32(out, msize)
	out = appendString(out, version)
	return end(out, start)
}
