// Package caller makes calls at targets in other processes, each a client of its own: a
// device that distinguishes clients by process sees these, and not the process that asks.
//
// [Work] makes calls and answers when they have returned, in JSON over a pipe. At the other
// end is a [Process]: of [Start], which starts it on this machine, or of [Over], for a pipe
// to wherever Work runs, such as a guest. It can start others where it is, which are asked
// over the same pipe. [Process.At] makes it a client, which is a [target.Target] and, at a
// path, a [target.Mounted] that can fork and has threads.
//
// Closing a client kills its process, whatever its calls wait for, and with it the processes
// that it has started. An error has the text that it had at the other end, and unwraps to
// its [syscall.Errno]: both are one kind of system.
//
// Processes, clients and files are safe for concurrent use. A thread makes its calls one
// after another.
package caller
