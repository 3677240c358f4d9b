// Package bench measures how many operations a second a target does, and how long each
// takes. Package load makes the operations and checks their results. A [Subject] is a target
// with the workers that load it.
//
// Each operation in flight has a deque, which is half full at the start. With as many pushes
// as pops it is then seldom full or empty. An operation that the device refuses is counted
// like the others, and as refused.
package bench
