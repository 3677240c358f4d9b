// Package bench measures how many operations a second a target does, and how long each
// takes. Package load makes the operations and checks them; a [Subject] is a target with its
// workers.
//
// The deque of each operation in hand is half full at the start, so that as many pushes as
// pops seldom find it full or empty; one that is refused then is an operation, too, and
// counted as refused.
package bench
