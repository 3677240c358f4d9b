// Package fusermount mounts and unmounts FUSE file systems of type fuse.fullex.
//
// A user with the right calls mount(2) and umount(2). For other users the setuid program
// fusermount3(1) does it. An older name of that program is fusermount.
//
// # Errors
//
// An error is one sentence: the kernel's errno or the message of fusermount3, and then what
// the user can do about it, if that is known. The advice comes from the state of the system
// after the failure, because fusermount3 reports no errno.
//
// # Concurrency
//
// All functions are safe for concurrent use.
package fusermount
