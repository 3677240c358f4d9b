//go:build linux

package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"

	"fullex/tests/listing"
)

// walkthrough runs the whole tutorial as root, three times, each with a new server: with
// commands of fullex at an endpoint, with the same commands at a mount, and with the usual
// commands of Linux in a mount.
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

// runScript runs a script and compares what it prints. It reports the first line that differs.
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
	c.must("read the expected output", err)
	got, wanted := strings.Split(string(out), "\n"), strings.Split(string(want), "\n")
	for i := range max(len(got), len(wanted)) {
		if a, b := lineAt(got, i), lineAt(wanted, i); a != b {
			c.same(fmt.Sprintf("%s on %s, line %d", name, target, i+1), a, b)
			return
		}
	}
}

// printed returns the name of the file with the expected output of a script. If Linux
// misreports refused writes, the shell does not notice that, but commands of fullex do.
func printed(name string) string {
	if misreports("E") && name == "mount" {
		return "mount-on-6.12.out"
	}
	return name + ".out"
}

// lineAt returns a line, or "(the end)" after the last one.
func lineAt(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "(the end)"
}
