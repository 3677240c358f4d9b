// Package tree has what is served: the directories, device files and text files, as
// values of [p9.File]. It knows modules and sessions (package device) and nothing of
// connections.
//
// # The files
//
//	/full_ex, ...       the files of the loaded modules
//	/each/full_ex       the same: each open is a client of its own
//	/pid/N/full_ex      the same: the number N, which the client chose, is part of who it is
//	/kmsg       0444    the log, from the oldest line kept to the newest at the open
//	/modules    0444    loaded modules: name, bytes of their values, sessions
//	/sessions   0444    the sessions that the reader may see: device.Kernel.ListSessions
//	/ctl        0200    "insmod NAME" or "rmmod NAME", for the administrator
//
// A [Node] is a place in the tree, a [File] is a node as one [User] has it, and maybe
// has it open. Text files show what there was at the open; nothing ever blocks.
//
// The size of a text file is its length: of what the open took, or of what an open by this
// user would show now. That of all other files is 0, and no qid has a version.
//
// # Who may open
//
// [User] says who acts, as far as the way in knows it. Mode bits are enforced: the
// owner's for administrators, those of others for everybody else.
//
// # Errors
//
// Methods of [p9.File] return linux.Errno values, as that library wants them. Others
// return syscall.Errno values.
//
//	EACCES        an open that the mode bits forbid, a second one of the device, or a size for a text
//	EINVAL        a name that cannot be, a read or write that the file has not
//	EISDIR        a size or a write for a directory
//	EMFILE        a listing larger than the room that the caller gives
//	ENAMETOOLONG  a name above 255 bytes
//	ENFILE        a session or an open listing too many for the server
//	ENOENT        no such name
//	ENOTDIR       walk below a file
//	EPERM         whatever would change the tree
//
// # Concurrency
//
// A [Tree] is safe for concurrent use. A File is not, but for what the library needs:
// reads and writes of one that stays open, its attributes, and walks.
package tree
