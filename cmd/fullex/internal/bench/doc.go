// Package bench measures how many operations a second a device does, and how long
// each takes.
//
// # Load
//
// A [Load] has workers, each with the device open and one operation in hand at a
// time: a push, a pop, or an open and close of the device. The deque of each is half
// full at the start, so that as many pushes as pops seldom find it full or empty; one
// that is refused then is an operation, too, and counted as refused.
//
// # Closed and open loop
//
// Without a rate each worker begins an operation when its last one has ended: a
// closed loop, in which a target that stops also stops being asked. With a rate
// operations are due at fixed times, whether a worker is free or not, and their
// latency counts from when they were due: what a target's stop does to all who
// would have asked meanwhile is in the numbers (coordinated omission is avoided).
// Operations that were due and that no worker came to are counted as missed.
//
// # Concurrency
//
// One goroutine a worker, and one that says what is due; Run waits for all of them.
package bench
