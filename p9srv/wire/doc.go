// Package wire encodes and decodes the messages of 9P2000.L, and renders them as text.
// Servers, clients, tracers and load generators share it.
//
// # Messages
//
// A message is size[4] type[1] tag[2], followed by the fields of its type. All numbers are
// little-endian. The sources are intro(5) of the Plan 9 manual and, for the messages of
// 9P2000.L, diod's protocol.md.
//
// # Reading
//
// A [Frame] is the bytes of one message and reads its fields in place. A [Cursor] reads
// fields one after the other and checks nothing, so [Frame.Fits] must have returned true
// before.
//
// # Writing
//
// Functions such as [AppendWalk] append a whole request to a buffer. Replies are built from
// [Begin], the functions for single fields, and [End].
//
// # Errors
//
// An Rlerror carries an errno of Linux, on every system. [Errno] converts a Go error to
// that errno. [Local] converts the errno to that of this system.
//
// # Concurrency
//
// All functions are safe for concurrent use, and none keeps a reference to a buffer after it
// returns. A Frame may be read by several goroutines while nobody writes its bytes.
package wire
