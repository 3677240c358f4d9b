// Package load loads a device with operations and checks every result. fullex bench and
// tests/bench use it.
//
// # Operations
//
// An operation is a push, a pop, or an open and close of the device. A [Mix] says how often
// each kind is chosen. Each session has a deque of its own here, as a model. When a push or
// pop begins, the model decides its result: a value, or a refusal if the deque is full or
// empty. Pushes go to the two ends alternately. Any other result ends the load with an error.
//
// # Workers
//
// A [Conn] is a 9P connection with open devices and a number of operations under way. It
// opens and closes the devices with package client. In between it encodes requests and
// checks replies in its own buffers, and allocates nothing. After a read it answers all
// replies with new requests in one write. A [Caller] is a thread that makes one call at a
// time on an open file.
//
// Several operations of one session may be under way together. The server must work on them
// in the order in which they were sent, because they are checked in that order. For a server
// that does not, use a session for each operation.
//
// # Closed and open loop
//
// Without a rate an operation begins when an earlier one has ended. In this closed loop a
// target that stops also gets no more requests. With a rate operations are due at fixed
// times, even if no worker is free for them. Their latency counts from these times. So when
// the target stops, the numbers include all operations that were due meanwhile (coordinated
// omission is avoided). Operations that were due and never began are counted as missed.
//
// # Concurrency
//
// [Run] has a goroutine for each worker. With a rate one more begins operations on
// connections when they are due. Run waits for all of them, except for a Caller whose call
// does not return.
package load
