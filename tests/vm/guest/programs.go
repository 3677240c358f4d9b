//go:build linux

package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"fullex/tests/programs"
)

// programsDir is where this machine has the C programs, if there was a compiler.
const programsDir = "/programs"

// modulePrograms runs people's own tests of the module on the 9p mount: those that
// open the device in several processes at the door where each open is a client.
func modulePrograms(c *check) {
	if misreports("E") {
		return // they compare the errno of refused writes, which this kernel does not tell
	}
	for _, p := range programs.All {
		var ways []string
		path := plain
		if p.Opens {
			path, ways = mountPoint+"/each/full_ex", append(ways, "each")
		}
		if keepsSize() {
			ways = append(ways, "kept-size")
		}
		c.program(p, path, ways...)
	}
}

// program runs one as an ordinary user.
func (c *check) program(p programs.Program, device string, ways ...string) {
	const longest = 2 * time.Minute // they end by themselves before that
	ctx, cancel := context.WithTimeout(context.Background(), longest)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(programsDir, p.Name))
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: alice, Gid: alice}}
	if _, err := os.Stat(cmd.Path); err != nil {
		return // there was no compiler: the host has said so
	}
	if err := programs.Run(cmd, device, ways...); err != nil {
		c.errorf("%v", err)
	}
}
