// Package outside is for sockets that wait with a thread in the kernel, outside of the
// runtime's poller: a server's, while one connection alone is busy, and those of clients
// that have a thread each.
//
// In the poller a request wakes two threads, the one that waits for all sockets and
// another that does so from then on, and takes nine system calls. Outside it wakes one
// and takes three: two thirds of the time (bench --cells 1x1), and through a FUSE mount
// 45 us an operation instead of 61 us (bench fuse). With several busy connections the
// poller is better (bench --cells 8x1: 1.3 times), so a server has one [Place] outside,
// for a connection that is busy alone, which [Meter] tells.
//
// It is for Linux; elsewhere nothing ever leaves the poller.
package outside
