//go:build linux

package main

import (
	"fmt"
	"strings"
)

// checkCommand runs fullex check through v9fs, at every door, and through FUSE. It runs the
// cases that depend on Linux and on processes. Other tests run the rest outside guests,
// where processes start faster.
func checkCommand(c *check) {
	withOwnServer(c, func() {
		c.checked("--door plain "+ownMount, "open.twice write.empty write.full write.size. read. file. thread. fork. kill. process.own random.sessions unload.",
			"process.own", "fork.own", "write.empty")
		c.checked("--door pid "+ownMount, "process.own fork.own kill.")
		c.checked("--door each "+ownMount, "open.each open.twice fork.shared", "open.twice")
	})
	withFUSE(c, func() { c.checked(fuseMount, "read.long.5 fork. kill. process.own") })
}

// checked runs fullex check with some cases. No case may fail, and it must skip the cases in
// skipped.
func (c *check) checked(arguments, cases string, skipped ...string) {
	arguments = "--only " + strings.ReplaceAll(cases, " ", " --only ") + " " + arguments
	// A guest is slow. With the default timeout, check would report slow calls as hangs.
	out := c.typed("fullex check --timeout 5m --seed 7 --sessions 8 --format ktap " + arguments + "; echo status $?")
	c.same("fullex check "+arguments, out[strings.LastIndex(out, "status"):], "status 0\n")
	for line := range strings.Lines(out) {
		if strings.HasPrefix(line, "not ok ") {
			c.errorf("check %s: %s", arguments, line)
		}
	}
	for _, id := range skipped { // these cannot be tried there
		if !strings.Contains(out, fmt.Sprintf(" %s # SKIP ", id)) {
			c.errorf("check %s: %s was not skipped", arguments, id)
		}
	}
}
