package tree

import "syscall"

// permit enforces the mode bits: the owner's for administrators, and those of others for
// everybody else. Nobody is above them. EACCES otherwise.
func (f *File) permit(mode uint32) error {
	const read, write = 0o4, 0o2
	want := [...]uint32{ReadOnly: read, WriteOnly: write, ReadWrite: read | write}[mode]
	have := uint32(f.node.mode().Permissions())
	if f.user.Admin {
		have >>= 6
	}
	if want&^have == 0 {
		return nil
	}
	if f.node.kind == ctlFile {
		f.tree.kernel.Log().PrintFor(&f.user.User, func() string {
			return "ctl: refused to " + f.node.client(f.user, 0).String()
		})
	}
	return syscall.EACCES
}
