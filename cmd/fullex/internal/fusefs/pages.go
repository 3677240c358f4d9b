package fusefs

import "github.com/hanwen/go-fuse/v2/fuse"

// withoutPages refuses to fill the kernel's page cache, with EINVAL, which is what
// sendfile(2) says of a file that it cannot read (Linux 7.2 makes EIO of it). A
// value in a page would be popped from the deque of who made the kernel read it,
// and then be read again and again, by every user of the mount, as they share the
// pages.
//
// In spite of direct I/O the kernel reads pages for sendfile, splice and a private
// mmap, below the end of what it believes is written, which each write moves
// (fs/fuse/file.c, fuse_splice_read, Linux 6.5 and later). Reads for read(2) have
// a lock owner (fuse_send_read), and those for pages have none.
type withoutPages struct{ fuse.RawFileSystem }

// Read implements fuse.RawFileSystem.
func (w withoutPages) Read(cancel <-chan struct{}, in *fuse.ReadIn, p []byte) (fuse.ReadResult, fuse.Status) {
	if in.ReadFlags&fuse.READ_LOCKOWNER == 0 {
		return nil, fuse.EINVAL
	}
	return w.RawFileSystem.Read(cancel, in, p)
}
