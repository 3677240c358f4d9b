// Package outside lets a socket wait outside of the poller of the Go runtime: a thread
// blocks in the kernel until there is something to read.
//
// # Why
//
// In the poller, a request costs nine system calls and wakes two threads. One is the
// thread that waits for all sockets; the other takes over that wait. Outside, a request
// costs three system calls and wakes one thread. That takes two thirds of the time (bench
// --cells 1x1). Through a FUSE mount, an operation takes 45 us instead of 61 us (bench fuse).
//
// With several busy connections the poller is faster (bench --cells 8x1: 1.3 times).
//
// # Who waits outside
//
// A server lets one connection wait outside while only that one is busy. [Meter] finds
// out which, and [Place] admits one. A client may have a thread for each of its
// connections: [NewConn].
//
// This is for Linux. Elsewhere every socket stays in the poller.
package outside
