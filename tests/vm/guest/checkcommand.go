//go:build linux

package main

import (
	"fmt"
	"strings"
)

// checkCommand has fullex check try the contract through v9fs, at every door, and
// through FUSE: what kernels do to calls and processes. The other cases are tried
// where processes are started faster than in a guest.
func checkCommand(c *check) {
	withOwnServer(c, func() {
		c.checked("--door plain "+ownMount, "open.twice write.empty write.full write.size. read. file. thread. fork. kill. process.own random.sessions unload.",
			"process.own", "fork.own", "write.empty")
		c.checked("--door pid "+ownMount, "process.own fork.own kill.")
		c.checked("--door each "+ownMount, "open.each open.twice fork.shared", "open.twice")
	})
	withFUSE(c, func() { c.checked(fuseMount, "read.long.5 fork. kill. process.own") })
}

// checked runs cases. None may fail, and those named are skipped.
func (c *check) checked(arguments, cases string, skipped ...string) {
	arguments = "--only " + strings.ReplaceAll(cases, " ", " --only ") + " " + arguments
	// A guest is slow, and what takes its time is no hang.
	out := c.typed("fullex check --timeout 5m --seed 7 --sessions 8 --format ktap " + arguments + "; echo status $?")
	c.same("fullex check "+arguments, out[strings.LastIndex(out, "status"):], "status 0\n")
	for line := range strings.Lines(out) {
		if strings.HasPrefix(line, "not ok ") {
			c.errorf("check %s: %s", arguments, line)
		}
	}
	for _, id := range skipped { // which would be wrong to try
		if !strings.Contains(out, fmt.Sprintf(" %s # SKIP ", id)) {
			c.errorf("check %s: %s was not skipped", arguments, id)
		}
	}
}
