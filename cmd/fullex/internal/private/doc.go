// Package private gives a program a place of its own on the machine, of which
// nothing is left when the program ends, however it ends.
//
// # The watcher
//
// Who is killed with SIGKILL cleans up nothing. So a child, the watcher, makes
// the place before anything is put there, and waits for the end of a pipe that
// only the program holds: the kernel closes it with the program. Then it
// detaches what is mounted in the place, removes the directory, and kills its
// process group, itself included. The commands that run in the place are in that
// group, and those whom they start, unless they leave it.
//
// Other ways were no better. An abstract socket has no file, but no mode either.
// A mount namespace disappears by itself, but without root it needs a user
// namespace, which many systems refuse, and in which a command is no longer who it
// was; and whoever looks from outside sees nothing. auto_unmount of fusermount3
// unmounts, but only FUSE, and leaves the directory.
//
// The number of the group is the watcher's, so that it cannot become another's
// while the watcher lives. The watcher ignores the signals that a terminal or a
// command sends to the whole group; one that is killed with SIGKILL, by its
// number, is missed only if the program is too. What those two leave then, another
// watcher of the same user removes when it starts.
//
// # Where it is
//
// XDG_RUNTIME_DIR and TMPDIR may be of another user, who could replace what is made
// there. So what lies in the directory is made and removed by its descriptor, and
// root, who mounts by a path, goes to the next base. In a base whose path is too long
// for a socket's, the socket is reached through a descriptor of this process.
//
// # Concurrency
//
// A Place is used by one goroutine.
package private
