// Package fusermount mounts and unmounts FUSE file systems of type fuse.fullex.
//
// mount(2) and umount(2) do it for whoever has the right. For other users the
// setuid program fusermount3(1) does it, or fusermount, its older name.
//
// # Errors
//
// An error is one sentence: the kernel's errno or the words of fusermount3, and
// then what the user can do about it, if that is known. The advice comes from what
// the system looks like after the failure, as fusermount3 reports words only.
//
// # Concurrency
//
// All functions are safe for concurrent use.
package fusermount
