// Package check tries the contract of the device full_ex at a target, one case at a
// time. It returns the results. Only [Results.Print] prints them.
//
// # Terms
//
// A [Case] is one claim of the contract. It has a stable id, a weight, and the row of
// the contract that it comes from. A case makes its calls as one or more clients. A
// [Client] is a process if the target is a path, and a connection if it is an endpoint.
// A trial is one run of a case.
//
// # Outcomes
//
// A case passes, fails with one sentence, or is skipped with a reason. A case that could
// not be tried never passes. A trial ends at its first wrong call. No call follows it, so
// the last call printed is the one to look at.
//
// A case that does not run to its end is an error: the run was stopped, or fullex has a
// defect. The results contain every chosen case, however the run ends. So each format is
// a complete document.
//
// # Hangs
//
// A case that takes longer than [Options].Timeout fails. Its clients are then closed,
// which ends waiting calls (packages caller and target). If a call waits even then, its
// goroutine is abandoned. The next cases have clients of their own.
//
// # Concurrency
//
// [Run] may be called several times at once, for different targets.
package check
