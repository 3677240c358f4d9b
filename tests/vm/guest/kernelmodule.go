//go:build linux

package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"

	"golang.org/x/sys/unix"

	"fullex/device/contract"
)

// Paths of the kernel module that the test has built, and of its device.
const (
	modulePath   = "/full_ex.ko"
	moduleDevice = "/proc/full_ex"
)

// brokenRows are faults that a parameter plants in the module. For each there is the case of
// fullex check that must notice it.
var brokenRows = []struct{ fault, noticed string }{
	{"odd-right", "write.odd"},
	{"one-more", "write.full"},
	{"any-size", "write.size.3"},
	{"second-open", "open.twice"},
	{"close-keeps", "close.resets"},
	{"empty-ends", "read.empty"},
	{"short-counts", "read.short.2"},
	{"refusal-pops", "thread.shared"},
	{"refusal-pops", "fork.shared"},
}

// kernelModule checks a kernel module with profile "module". The sound module passes, and
// gives the results that were recorded from the original module. With one row broken, it
// fails.
func kernelModule(c *check) {
	withModule(c, "", func() {
		eachTrace(c, func(name string, calls contract.Trace) {
			c.same("fullex replay "+name, c.typed("fullex replay /oracle/"+name+" "+moduleDevice),
				fmt.Sprintf("/oracle/%s: %d calls, all results are equal\n", name, len(calls)))
		})
		c.same("fullex shell", c.typed(`printf 'open\ninit 3\npush 1 2 3\npop\npop\n' | fullex shell `+moduleDevice), "3\n1\n")
		out, status := checkModule(c, "--sessions", "20")
		c.same("status for the sound module", status, 0)
		for _, note := range []string{"the session is its thread's", "popped a value and returned 4", "has mode 0444"} {
			if !strings.Contains(out, "# note: as the original does, ") || !strings.Contains(out, note) {
				c.errorf("check does not note that %s", note)
			}
		}
		c.notOK(out)
	})
	for _, row := range brokenRows {
		withModule(c, "fault="+row.fault, func() {
			out, status := checkModule(c, "--only", row.noticed)
			c.same(row.fault+": status of "+row.noticed, status, 1)
			if !strings.Contains(out, "\nnot ok 1 "+row.noticed+" # ") {
				c.errorf("%s: %s did not fail: %s", row.fault, row.noticed, out)
			}
		})
	}
}

// withModule loads the module, calls do and unloads the module.
func withModule(c *check, parameters string, do func()) {
	f, err := os.Open(modulePath)
	c.must("open the module", err)
	err = unix.FinitModule(int(f.Fd()), parameters, 0)
	c.must("load the module", err)
	c.must("close the module", f.Close())
	do()
	c.must("unload the module", unix.DeleteModule("full_ex", 0))
}

// checkModule runs fullex check at the module's device. It returns the output, which is KTAP,
// and the exit status.
func checkModule(c *check, arguments ...string) (out string, status int) {
	arguments = append([]string{"check", "--profile", "module", "--format", "ktap", "--timeout", "5m", "--seed", "7"}, arguments...)
	cmd := exec.Command("/bin/fullex", append(arguments, moduleDevice)...)
	text, err := cmd.Output()
	if cmd.ProcessState == nil {
		c.must("run fullex check", err)
	}
	return string(text), cmd.ProcessState.ExitCode()
}

// notOK reports a failure for each case that failed, with the comment lines before it.
func (c *check) notOK(ktap string) {
	var about []string
	for line := range strings.Lines(ktap) {
		about = append(about, strings.TrimSpace(line))
		if strings.HasPrefix(line, "not ok ") {
			c.errorf("%s", fmt.Sprint(strings.Join(about, "; ")))
		}
		if !strings.HasPrefix(line, "#") {
			about = nil
		}
	}
}
