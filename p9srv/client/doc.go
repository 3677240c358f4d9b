// Package client is the 9P2000.L client of this project's programs, over a socket or
// within a process.
//
// # Use
//
// [Dial] connects to an endpoint. [New] uses a given connection, and [Memory] a server in
// this process. [Conn.AttachSelf] returns the root directory. [File.Walk] and
// [File.OpenFile] return files below it. A [File] is a fid of the server until [File.Close]
// clunks it. [Conn.Lend] lends the connection to a caller that sends its own messages, such
// as package load.
//
// # Concurrency
//
// Conns and Files are safe for concurrent use. Requests of all callers are under way at the
// same time. The client has no goroutine. A caller that waits reads for all callers, if no
// other caller does so. Requests that gather during a write leave together with the next
// write. With a goroutine that reads, one request at a time took 23 to 54 us instead of 13
// to 17, and 64 at a time 2.4 to 3.1 us instead of 1.9 to 2.5 (unix socket, two
// processors).
//
// # Contexts
//
// When the context of a call ends, the call sends Tflush (flush(5)) and goes on waiting:
//
//   - A reply that comes before Rflush is the result, so a popped value is not lost. Only a
//     Twalk, Tattach or Tlopen that succeeded is undone, by a Tclunk.
//   - After Rflush the request counts as never sent. The call returns the context's error.
//   - If neither comes within a second, the call returns [ErrNoAnswer]. The tag is not used
//     until a late Rflush comes. The fid is never used again on this connection, and calls
//     on the File fail. A Tclunk for the fid is sent, in case the server answers again.
//
// A Tclunk is never flushed, because the fid would stay. Its caller may stop waiting.
//
// # Errors
//
// An error is an [*Error] with the call and the path. It unwraps to one of these:
//
//   - the [syscall.Errno] that the server replied, as this system numbers it
//   - [ErrEnded] after the end of the connection
//   - [ErrNoAnswer]
//   - the context's error
//
// The client ends a connection whose server breaks the protocol.
package client
