// Package trace stands between 9P clients and their server and shows what they
// say to each other.
//
// # The way of a byte
//
//	client --> pump --> server      proxy.go
//	            |
//	          framer                cuts what passes into messages (framer.go)
//	            |
//	       conversation             fids, paths, what a reply answers (conversation.go)
//	          |    |
//	          |    +--> Recorder    the calls at the device (recorder.go, calls.go)
//	          |
//	        Queue --> Printer       a line a message (queue.go, printer.go, text.go, json.go)
//
// Bytes are passed on as they came, whatever they are, and in the pieces in which
// they came; nothing waits for the rest of a message. What a message means is found
// out beside that, so what is not 9P passes, too.
//
// # Who waits for whom
//
// Traffic never waits for the output: messages wait in a [Queue] of a bounded size,
// and when that is full they are left out of the output, which says how many. A
// [Recorder] leaves nothing out: the traffic waits for its file.
//
// # Concurrency
//
// Two goroutines a connection, one a direction. Lock order:
//
//	conversation.mu
//	Queue.mu
//	Recorder.mu
//
// The traffic is never read or written while one is held.
package trace
