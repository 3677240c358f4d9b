package fusefs

import (
	"encoding/binary"

	"github.com/hanwen/go-fuse/v2/fuse"
	"github.com/hugelgupf/p9/p9"
)

// The kernel keeps a size of each file, its i_size. An asynchronous read (io_uring, libaio)
// at or past this size returns 0 and never reaches the mount (fs/fuse/file.c,
// fuse_direct_IO; Linux 6.5 and later, and O_DIRECT before). So do sendfile and splice. But
// a device has no size, and stat(2) has to show 0, as in /proc. So the mount reports two
// sizes to the kernel:
//
//   - Every look-up of a file reports unendingSize, which the kernel keeps.
//   - FUSE_GETATTR, which stat(2) sends, reports the true size. Just before the reply the
//     mount sends a notification that the attributes have changed. The kernel then gives
//     the reply to stat(2), but does not keep its size: the request is older than the
//     notification (fs/fuse/inode.c, fuse_change_attributes, fuse_reverse_inval_inode).
//
// Text files need no notification: they end at their size. Some effects on devices remain,
// which the guide to mounts describes: lseek(SEEK_END) goes to unendingSize, asynchronous
// reads past it return 0, and O_APPEND writes there.

// unendingSize is the size of a device that the kernel keeps, in bytes. open(2) refuses
// files of 2 GiB and more to programs with 32-bit offsets (fs/open.c, generic_file_open).
// This is half of that, which leaves room for writes with O_APPEND.
const unendingSize = 1 << 30

// notifyInvalInode is FUSE_NOTIFY_INVAL_INODE (include/uapi/linux/fuse.h), the code of the
// notification that attributes have changed.
const notifyInvalInode = 2

// keepSize tells the kernel not to keep a node's size from the reply to the current request.
func (l *loop) keepSize(node uint64) error {
	const size = outSize + 3*8
	p := appendHead(make([]byte, 0, size), size, notifyInvalInode, 0)
	p = binary.NativeEndian.AppendUint64(p, node)
	p = binary.NativeEndian.AppendUint64(p, ^uint64(0)) // offset -1: attributes only, no pages
	p = binary.NativeEndian.AppendUint64(p, 0)
	return l.write(p)
}

// fill sets out to a file's attributes.
func fill(out *fuse.Attr, qid p9.QID, attr p9.Attr) {
	out.Ino, out.Mode, out.Nlink, out.Size = qid.Path, uint32(attr.Mode), uint32(attr.NLink), attr.Size
	out.Owner = fuse.Owner{Uid: uint32(attr.UID), Gid: uint32(attr.GID)}
	out.Atime, out.Atimensec = attr.ATimeSeconds, uint32(attr.ATimeNanoSeconds)
	out.Mtime, out.Mtimensec = attr.MTimeSeconds, uint32(attr.MTimeNanoSeconds)
	out.Ctime, out.Ctimensec = attr.CTimeSeconds, uint32(attr.CTimeNanoSeconds)
	out.Blksize, out.Blocks = uint32(attr.BlockSize), attr.Blocks
}
