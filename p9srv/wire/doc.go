// Package wire has the messages of 9P2000.L as bytes: their types and fields, how
// they are written and read, and how they look as text. Servers, clients, tracers and
// load generators share it.
//
// # Messages
//
// A message is size[4] type[1] tag[2] and the fields of its type, all numbers
// little-endian (intro(5) of the Plan 9 manual; diod's protocol.md for the messages of
// 9P2000.L). [Frame] reads one in place. [Frame.Fits] must have returned true before
// fields are read by [Cursor], which does not check again.
//
// [Begin] and [End] write one; functions such as [AppendWalk] write whole requests.
//
// # Errors
//
// An Rlerror carries an errno of Linux, whatever system is at either end. [Errno] makes
// one of an error and [Local] turns it back.
//
// # Concurrency
//
// Nothing here keeps a reference to a buffer after it returns. All functions are safe
// for concurrent use; a Frame is as safe as its bytes are.
package wire
