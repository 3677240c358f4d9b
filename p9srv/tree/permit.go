package tree

import "syscall"

// permit returns EACCES if the mode bits forbid an open with this access mode. The bits of the
// owner apply to administrators, the bits of others to everybody else. No user may ignore them.
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
