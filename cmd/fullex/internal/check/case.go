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
	Hidden bool   // its ID is "hidden case 1" or so, it has no title and no row, and results have no more of it

	run func(*trial)
	// tidy puts the target right again, if a trial was cut short; or nil.
	tidy func(target.Opener) error
}

// Cases returns all cases in the order in which they are run.
func Cases() []Case {
	return slices.Concat(openCases(), fileCases(), capacityCases(), writeCases(), readCases(), lifeCases(), clientCases(), sharedCases(), randomCases(), replyCases(), unloadCases())
}

// claim makes a case.
func claim(id string, weight int, r contract.Row, title string, run func(*trial)) Case {
	return Case{ID: id, Weight: weight, Title: title, Row: r.String(), run: run}
}
