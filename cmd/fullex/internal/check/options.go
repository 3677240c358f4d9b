package check

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"fullex/device/contract"
)

// Options says which cases to run, and how. The zero value runs all of them.
type Options struct {
	Contract     *contract.Contract // nil: that of the profile Fixed
	ContractFile string             // the file that the contract is from, for results; "": none
	Only         []string           // ids, or beginnings of ids up to a ".", such as "write."; empty: all
	Skip         []string           // likewise: cases to leave out
	Hide         []string           // likewise: cases whose results give only weight and status
	Timeout      time.Duration      // of each case; 0: DefaultTimeout
	Seed         uint64             // of the random sessions
	Sessions     int                // number of random sessions; 0: DefaultSessions
	// Dangerous allows cases to crash a kernel, or to end the sessions of other users
	// of the server.
	Dangerous bool
	Repeat    string // command that repeats the run, for results
}

// Defaults of Options.
const (
	DefaultTimeout  = 10 * time.Second
	DefaultSessions = 50
)

// Door names one of the paths at which a server has the device (doc/mounts.md, "Doors").
type Door string

// The doors.
const (
	Plain Door = "plain" // full_ex
	Each  Door = "each"  // each/full_ex: each open is a client of its own
	PID   Door = "pid"   // pid/N/full_ex: N is the number of the client
)

// Doors are the names of all doors.
var Doors = []string{string(Plain), string(Each), string(PID)}

// withDefaults returns the options with defaults for those that are not set.
func (o Options) withDefaults() Options {
	o.Contract = o.contract()
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	if o.Sessions <= 0 {
		o.Sessions = DefaultSessions
	}
	return o
}

func (o Options) contract() *contract.Contract {
	if o.Contract == nil {
		return contract.Of(contract.Fixed)
	}
	return o.Contract
}

// Chosen returns the cases that the options choose, in the order in which they run. A
// pattern that fits no case is an error: a typing mistake must not look like a pass.
func (o Options) Chosen() ([]Case, error) {
	all := Cases(o.contract())
	for _, chosen := range []struct {
		flag     string
		patterns []string
	}{{"--only", o.Only}, {"--skip", o.Skip}, {"--hide", o.Hide}} {
		for _, p := range chosen.patterns {
			if !slices.ContainsFunc(all, func(c Case) bool { return fits(p, c.ID) }) {
				return nil, fmt.Errorf("%s %s: no such case (see --list)%s", chosen.flag, p, meant(p, all))
			}
		}
	}
	var some []Case
	for _, c := range all {
		if (len(o.Only) == 0 || fitsAny(o.Only, c.ID)) && !fitsAny(o.Skip, c.ID) {
			some = append(some, c)
		}
	}
	if len(some) == 0 {
		return nil, fmt.Errorf("no case is left by --only and --skip")
	}
	return o.hiding(some), nil
}

// hiding hides the cases that o.Hide names, and returns all cases.
func (o Options) hiding(cases []Case) []Case {
	hidden := 0
	for i, c := range cases {
		if fitsAny(o.Hide, c.ID) {
			hidden++
			cases[i] = Case{ID: fmt.Sprintf("hidden case %d", hidden), Weight: c.Weight, Hidden: true, row: c.row, noted: c.noted, run: c.run, tidy: c.tidy}
		}
	}
	return cases
}

func fits(pattern, id string) bool {
	return pattern == id || strings.HasSuffix(pattern, ".") && strings.HasPrefix(id, pattern)
}

func fitsAny(patterns []string, id string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return fits(p, id) })
}
