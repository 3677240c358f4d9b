// Package private gives a program a place of its own on the machine: a directory and a
// process group. Nothing of them is left when the program ends, however it ends.
//
// # The watcher
//
// A program that is killed with SIGKILL cannot clean up. So a child process, the watcher,
// makes the directory before the program uses it. Then the watcher reads from a pipe whose
// other end only the program has. The kernel closes that end when the program ends. The
// watcher then detaches what is mounted in the directory, removes the directory, and kills
// its process group, including itself. The group contains the commands that run in the
// place and the processes that they start, except those that leave it.
//
// Other ways are worse:
//
//   - An abstract socket leaves no file, but it has no mode either.
//   - A mount namespace disappears by itself. But without root it needs a user namespace,
//     which many systems refuse, and there a command has another user. Nobody outside sees
//     what is mounted in it.
//   - auto_unmount of fusermount3 unmounts FUSE only, and leaves the directory.
//
// The group has the watcher's process number, so no other group can get that number while
// the watcher lives. The watcher ignores the signals that a terminal or a command sends to
// the whole group. SIGKILL can still end the watcher. That does harm only if the program is
// killed, too. Then another watcher of the same user removes the remains when it starts.
//
// # Where the directory is
//
// XDG_RUNTIME_DIR and TMPDIR may belong to another user, who could replace what is made
// there. So files in the directory are made and removed through its descriptor. Root mounts
// by path, so for root such a base is skipped and the next one is used. If a base's path is
// too long for a socket, the socket is reached through a descriptor of this process.
//
// # Concurrency
//
// A Place is not safe for concurrent use.
package private
