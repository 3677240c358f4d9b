package check

import (
	"slices"

	"fullex/cmd/fullex/internal/target"
	"fullex/device/contract"
)

// Case is one claim of the contract that can be tried.
type Case struct {
	ID     string // stable, lower case, parts joined by "."
	Weight int
	Title  string // what is claimed
	Row    string // of the contract
	Hidden bool   // ID is "hidden case N", Title and Row are "", results give only weight and status

	run func(*trial)
	// tidy restores the target after a trial that was cut short. Nil: nothing to restore.
	tidy func(target.Opener) error
}

// Cases returns all cases in the order in which they run.
func Cases() []Case {
	return slices.Concat(openCases(), fileCases(), capacityCases(), writeCases(), readCases(), lifeCases(), clientCases(), sharedCases(), randomCases(), replyCases(), unloadCases())
}

// claim returns a case.
func claim(id string, weight int, r contract.Row, title string, run func(*trial)) Case {
	return Case{ID: id, Weight: weight, Title: title, Row: r.String(), run: run}
}
