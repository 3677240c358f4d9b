//go:build linux

package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"

	"fullex/tests/listing"
)

// walkthrough runs the whole tutorial as root, each time on a new server: with
// the commands of fullex without a mount and with one, and with what every
// system has.
func walkthrough(c *check) {
	var modules []string
	for _, name := range listing.Tutorial {
		modules = append(modules, "--module", name)
	}
	for _, run := range []struct{ script, target string }{
		{"commands", "unix:" + socket},
		{"commands", ownMount},
		{"mount", ownMount},
	} {
		withOwnServer(c, func() { runScript(c, run.script, run.target) }, modules...)
	}
}

// runScript compares what a script prints up to the first difference.
func runScript(c *check, name, target string) {
	cmd := exec.Command("/bin/busybox", "sh", "/walkthrough/"+name+".sh")
	cmd.Env = []string{"T=" + target, "PATH=/bin"}
	if name == "mount" {
		cmd.Dir = target
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		c.errorf("%s on %s: %v", name, target, err)
	}
	want, err := os.ReadFile("/walkthrough/" + printed(name))
	c.must("read what it must print", err)
	got, wanted := strings.Split(string(out), "\n"), strings.Split(string(want), "\n")
	for i := range max(len(got), len(wanted)) {
		if a, b := lineAt(got, i), lineAt(wanted, i); a != b {
			c.same(fmt.Sprintf("%s on %s, line %d", name, target, i+1), a, b)
			return
		}
	}
}

// printed is the file with what a script must print. The shell that every system
// has believes a kernel that misreports refused writes; our commands do not.
func printed(name string) string {
	if misreports("E") && name == "mount" {
		return "mount-on-6.12.out"
	}
	return name + ".out"
}

func lineAt(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "(the end)"
}
