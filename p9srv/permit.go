package p9srv

import "syscall"

// permit enforces the mode bits, which the library does not: the owner's for
// those who administer, and those of others for everybody else. Nobody is
// above them. EACCES otherwise.
func (f *file) permit(flags uint32) error {
	const read, write = 0o4, 0o2
	want := map[uint32]uint32{readOnly: read, writeOnly: write, readWrite: read | write}[flags&accessMode]
	have := uint32(f.node.mode().Permissions())
	if f.user.Admin {
		have >>= 6
	}
	if want&^have == 0 {
		return nil
	}
	if f.node.kind == ctlFile {
		f.front.srv.Kernel.Log().PrintFor(&f.user.User, func() string {
			return "ctl: refused to " + f.node.client(f.user, nil).String()
		})
	}
	return syscall.EACCES
}
