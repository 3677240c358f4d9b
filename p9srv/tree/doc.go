// Package tree implements the file tree that a server serves: directories, device files
// and text files, as [p9.File] values. It uses modules and sessions of package device and
// knows nothing about connections.
//
// # The files
//
//	/full_ex, ...       the files of the loaded modules
//	/each/full_ex       the same files; each open is its own client
//	/pid/N/full_ex      the same files; the client chose the number N, which is part of its identity
//	/kmsg       0444    the log: the lines that are kept at the open
//	/modules    0444    the loaded modules (device.Kernel.ListModules)
//	/sessions   0444    the sessions that the reader may see (device.Kernel.ListSessions)
//	/ctl        0200    takes "insmod NAME" or "rmmod NAME" from an administrator
//
// A directory through which a device file is reached is a door: "/", "/each" or "/pid". The
// door decides which opens count as the same client.
//
// A [Node] names a file or directory of the tree. A [File] is a node for one [User], open or
// not. The text of a text file is taken at the open. Nothing blocks.
//
// The size of an open text file is the length of its text. Before the open, it is the length
// that the text would have now. The size of every other file is 0. The version of every qid
// is 0.
//
// # Permissions
//
// The server says in [User] who acts, as far as it knows. An open is checked against the mode
// bits: for administrators those of the owner, for everybody else those of others.
//
// # Errors
//
// Methods of the interface [p9.File] return linux.Errno values, as its library requires. All
// other functions return syscall.Errno values.
//
//	EACCES        the mode bits forbid the open; second open of a device; new size for a text file
//	EINVAL        forbidden name; read or write that the file does not support
//	EISDIR        write or new size for a directory
//	EMFILE        listing larger than the caller allows
//	ENAMETOOLONG  name of more than 255 bytes
//	ENFILE        too many sessions or too many bytes of open listings, for the whole server
//	ENOENT        no such name
//	ENOTDIR       walk below a file, attach to a file
//	EPERM         operation that would change the tree
//
// # Concurrency
//
// A [Tree] is safe for concurrent use. A File is not, with one exception that the library's
// server needs. GetAttr and Walk may run at the same time, and with them ReadAt and WriteAt
// while the file stays open.
package tree
