// Package check tries the contract of the device full_ex at a target, case by
// case, and tells what it found. It prints nothing unless asked to.
//
// # Terms
//
// A case is one claim of the contract, with a stable id, a weight and the row of
// the contract that it comes from. It makes its calls as clients: a [Client] is
// one, a process for a target that is a path and a connection for one that is an
// endpoint. A [trial] is a case being run.
//
// # Outcomes
//
// A case passes, fails with one sentence, or is skipped with a reason. What could
// not be tried is never a pass. A case fails at its first wrong call: the calls
// behind it are not made, so that the last call printed is the one to look at.
//
// A case that is not run to its end, for the run is stopped or this program has a
// defect, is an error. Results have every chosen case, whatever ends the run, so
// that each format is a whole document.
//
// # Hangs
//
// A case that takes longer than its time fails, and its clients are closed, which ends
// calls that wait (packages caller and target). Where that does not help either, its
// goroutine is left behind; the cases after it have clients of their own.
//
// # Concurrency
//
// [Run] may be called several times at once, for different targets.
package check
