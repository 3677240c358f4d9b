// Package trace is a proxy between 9P clients and their server. It prints the messages
// of both sides and records the calls at the device.
//
// # Data flow
//
//	client --> pump --> server      proxy.go
//	            |
//	          framer                cuts the bytes into messages (framer.go)
//	            |
//	       conversation             fids, paths, requests and their replies (conversation.go)
//	          |    |
//	          |    +--> Recorder    the calls at the device (recorder.go, calls.go)
//	          |
//	        Queue --> Printer       a line a message (queue.go, printer.go, text.go, json.go)
//
// A pump passes bytes on unchanged, and in the pieces in which it read them. It never
// waits for the rest of a message. So bytes that are not 9P pass, too.
//
// # Waiting
//
// The traffic never waits for the output. Messages wait in a [Queue] of bounded size. While
// the queue is full, messages are left out of the output, which says how many. A
// [Recorder] leaves nothing out: the traffic waits for its file.
//
// # Concurrency
//
// Each connection has two goroutines, one for each direction. Lock order:
//
//	conversation.mu
//	Queue.mu
//	Recorder.mu
//
// No goroutine reads or writes the traffic while it has one of them locked.
package trace
