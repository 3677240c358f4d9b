package check

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"fullex/device/contract"
)

// Options is how cases are chosen and run. The zero value runs all of them.
type Options struct {
	Profile  contract.Profile // "": Fixed
	Only     []string         // ids, or what ids begin with up to a ".", such as "write."; empty: all
	Skip     []string         // likewise: those left out
	Timeout  time.Duration    // of each case; 0: DefaultTimeout
	Seed     uint64           // of the random sessions
	Sessions int              // how many random sessions; 0: DefaultSessions
	// Dangerous runs the cases that could hurt a kernel, or others who use the
	// same server.
	Dangerous bool
}

// Options that are not set.
const (
	DefaultTimeout  = 10 * time.Second
	DefaultSessions = 50
)

// Door is which of a server's paths leads to the device (README, "Who has a deque
// of his own").
type Door string

// The doors.
const (
	Plain Door = "plain" // full_ex
	Each  Door = "each"  // each/full_ex: each open is a client
	PID   Door = "pid"   // pid/N/full_ex, N being the number of the client's process
)

// Doors are the names of all.
var Doors = []string{string(Plain), string(Each), string(PID)}

// withDefaults fills in what is not set.
func (o Options) withDefaults() Options {
	if o.Profile == "" {
		o.Profile = contract.Fixed
	}
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	if o.Sessions <= 0 {
		o.Sessions = DefaultSessions
	}
	return o
}

// Chosen returns the cases that the options ask for, in their order. A word that fits no case is
// an error: a typing mistake must not look like a pass.
func (o Options) Chosen() ([]Case, error) {
	all := Cases()
	for flag, patterns := range map[string][]string{"--only": o.Only, "--skip": o.Skip} {
		for _, p := range patterns {
			if !slices.ContainsFunc(all, func(c Case) bool { return fits(p, c.ID) }) {
				return nil, fmt.Errorf("%s %s: no such case (see --list)", flag, p)
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
	return some, nil
}

func fits(pattern, id string) bool {
	return pattern == id || strings.HasSuffix(pattern, ".") && strings.HasPrefix(id, pattern)
}

func fitsAny(patterns []string, id string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return fits(p, id) })
}
