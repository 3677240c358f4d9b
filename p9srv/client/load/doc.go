// Package load loads a device with operations and checks every result. It is the load of
// fullex bench and of tests/bench.
//
// # Operations
//
// An operation is a push, a pop, or an open and close of the device. A [Mix] says how often
// each is chosen. What a push or pop must give is decided when it begins, by the deque that
// the session must have then: a value, or a refusal where it is full or empty. Pushes go to
// both ends in turn. Any other result ends the load with one error.
//
// # Workers
//
// A [Conn] is a 9P connection with open devices and a number of operations under way. It
// uses package client to open and close them. In between it sends as many requests as
// replies came with one write, encodes and checks them where they lie, and allocates
// nothing. A [Caller] is a thread that makes one call at a time at an open file.
//
// Operations of one session that are under way together are checked in the order in which
// they were sent: the server must work on them in that order. That is for the caller to
// know; with a session for each operation any server will do.
//
// # Closed and open loop
//
// Without a rate an operation begins when an earlier one has ended: a closed loop, in which
// a target that stops also stops being asked. With a rate operations are due at fixed
// times, whether anything is free for them or not, and their latency counts from then: what
// a target's stop does to all who would have asked meanwhile is in the numbers (coordinated
// omission is avoided). Operations that were due and never began are counted as missed.
//
// # Concurrency
//
// [Run] has a goroutine for each worker, and with a rate one that begins what is due on
// connections. It waits for all of them, but for a Caller whose call does not return.
package load
