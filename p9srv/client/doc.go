// Package client is the 9P2000.L client of this project's programs, over a socket or
// within a process.
//
// # Use
//
// [Dial] connects to an endpoint, [New] takes a connection, [Memory] a server in this
// process. [Conn.AttachSelf] returns the root, [File.Walk] and [File.OpenFile] what is
// below it. A [File] is a fid of the server until [File.Close] clunks it. [Conn.Lend] lends
// the connection for messages of the caller's own, as package load sends them.
//
// # Concurrency
//
// Conns and Files are safe for concurrent use. Requests of all callers are under way at
// the same time. There is no goroutine: whoever waits and finds that nobody reads, reads
// for all, and requests that gather while one is written leave together. With a goroutine
// that reads, one request at a time took 23 to 54 us instead of 13 to 17, and 64 at a time
// 2.4 to 3.1 us instead of 1.9 to 2.5 (unix socket, two processors).
//
// # Contexts
//
// When the context of a call ends, the call sends Tflush (flush(5)) and goes on waiting:
//
//   - A reply that comes before Rflush is the result: a value that was popped is not lost.
//     Only a Twalk, Tattach or Tlopen that succeeded is undone by a Tclunk.
//   - After Rflush the request counts as never sent. The call returns the context's error.
//   - Without either within a second the call returns [ErrNoAnswer]. The tag is not used
//     until a late Rflush comes, and the fid never again on this connection: calls on the
//     File fail. The fid gets a Tclunk for the time when the server answers again.
//
// A Tclunk is never flushed, as the fid would stay. Its caller may stop waiting.
//
// # Errors
//
// An error is an [*Error] with the call and the path. It unwraps to the [syscall.Errno] of
// this system that the server replied, to [ErrEnded] after the end of the connection, to
// [ErrNoAnswer] or to the context's error. A server that breaks the protocol ends the
// connection.
package client
