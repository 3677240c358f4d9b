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

// programsDir is the directory of the C programs. It is empty if the host had no compiler.
const programsDir = "/programs"

// modulePrograms runs the C programs on the 9p mount. Those that open the device in several
// processes use the door /each.
func modulePrograms(c *check) {
	if misreports("E") {
		return // the programs compare the errno of refused writes, which this Linux misreports
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

// program runs a C program as an ordinary user and expects that it succeeds.
func (c *check) program(p programs.Program, device string, ways ...string) {
	const longest = 2 * time.Minute // programs end themselves earlier if a call hangs
	ctx, cancel := context.WithTimeout(context.Background(), longest)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(programsDir, p.Name))
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: alice, Gid: alice}}
	if _, err := os.Stat(cmd.Path); err != nil {
		return // the host had no compiler and has logged that
	}
	if err := programs.Run(cmd, device, ways...); err != nil {
		c.errorf("%v", err)
	}
}
