package check

import (
	"cmp"
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

	row   contract.Row
	noted bool // a failure is worth a note only
	run   func(*trial)
	// tidy restores the target after a trial that was cut short. Nil: nothing to restore.
	tidy func(target.Opener) error
}

// Cases returns all cases for a contract in the order in which they run.
func Cases(c *contract.Contract) []Case {
	cases := slices.Concat(openCases(), fileCases(), capacityCases(c), writeCases(c), readCases(c), lifeCases(), clientCases(), sharedCases(), randomCases(), replyCases(), unloadCases())
	for i := range cases {
		rule := c.Rules[cases[i].row.Name]
		cases[i].Row, cases[i].noted = c.Row(cases[i].row).String(), rule.Noted
		cases[i].Weight = cmp.Or(rule.Weight, cases[i].Weight)
	}
	return cases
}

// claim returns a case.
func claim(id string, weight int, r contract.Row, title string, run func(*trial)) Case {
	return Case{ID: id, Weight: weight, Title: title, row: r, run: run}
}
