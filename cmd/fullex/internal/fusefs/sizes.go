package fusefs

import (
	"encoding/binary"

	"github.com/hanwen/go-fuse/v2/fuse"
	"github.com/hugelgupf/p9/p9"
)

// The kernel holds some calls against the size that it knows of a file, its i_size:
// asynchronous reads (io_uring, libaio) at or past it return 0 and never reach the mount
// (fs/fuse/file.c, fuse_direct_IO; Linux 6.5 and later, and O_DIRECT before), and so do
// sendfile and splice. A device has no size, and stat(2) has to say 0, as
// in /proc. So the kernel is told two sizes:
//
//   - Every look-up of a file says unendingSize, which the kernel keeps.
//   - FUSE_GETATTR, which is what stat(2) sends, tells the true size. Just before it comes
//     a notification that the attributes have changed: the kernel then hands the reply on,
//     and does not keep its size, which is older than the notification
//     (fs/fuse/inode.c, fuse_change_attributes, fuse_reverse_inval_inode).
//
// Text files need no notification: their size is where they end. What is left is
// described in the guide to mounts: lseek(SEEK_END) on a device goes to unendingSize,
// asynchronous reads past it return 0, and O_APPEND writes there.

// unendingSize is what the kernel takes for the size of a device, in bytes: as large as
// programs allow that know 32 bits only, as open(2) refuses them larger files
// (fs/open.c, generic_file_open), with room for what is appended.
const unendingSize = 1 << 30

// notifyInvalInode is FUSE_NOTIFY_INVAL_INODE (include/uapi/linux/fuse.h), the code of a
// notification that attributes have changed.
const notifyInvalInode = 2

// keepSize has the kernel not keep the size that is in the reply to the request under way.
func (l *loop) keepSize(node uint64) error {
	const size = outSize + 3*8
	p := appendHead(make([]byte, 0, size), size, notifyInvalInode, 0)
	p = binary.NativeEndian.AppendUint64(p, node)
	p = binary.NativeEndian.AppendUint64(p, ^uint64(0)) // offset -1: attributes only, no pages
	p = binary.NativeEndian.AppendUint64(p, 0)
	return l.write(p)
}

// fill is the attributes as FUSE has them.
func fill(out *fuse.Attr, qid p9.QID, attr p9.Attr) {
	out.Ino, out.Mode, out.Nlink, out.Size = qid.Path, uint32(attr.Mode), uint32(attr.NLink), attr.Size
	out.Owner = fuse.Owner{Uid: uint32(attr.UID), Gid: uint32(attr.GID)}
	out.Atime, out.Atimensec = attr.ATimeSeconds, uint32(attr.ATimeNanoSeconds)
	out.Mtime, out.Mtimensec = attr.MTimeSeconds, uint32(attr.MTimeNanoSeconds)
	out.Ctime, out.Ctimensec = attr.CTimeSeconds, uint32(attr.CTimeNanoSeconds)
	out.Blksize, out.Blocks = uint32(attr.BlockSize), attr.Blocks
}
