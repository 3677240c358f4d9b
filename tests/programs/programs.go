// Package programs are small C programs as people write them to test the kernel
// module, one subject each: they open, fork, start threads, and compare every
// result. Their sources, in tests/testdata/programs, say how they are started.
package programs

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
)

// Program is one of them.
type Program struct {
	Name string
	// Opens says that several of its processes have the device open at the same
	// time, or that one opens it again at once after a close that the kernel may
	// delay: it needs a path at which each has a deque of its own.
	Opens bool
}

// All of them, each in a file of its name.
var All = []Program{
	{Name: "always_ready"},
	{Name: "asynchronous", Opens: true},
	{Name: "copies"},
	{Name: "many_processes", Opens: true},
	{Name: "open_flags"},
	{Name: "open_twice"},
	{Name: "over_exec"},
	{Name: "page_cache", Opens: true},
	{Name: "positions"},
	{Name: "random_calls", Opens: true},
	{Name: "shared_by_child", Opens: true},
	{Name: "threads"},
	{Name: "vectors"},
}

// ErrNoCompiler is Build's error where there is none.
var ErrNoCompiler = errors.New("no gcc on this machine (Debian package build-essential)")

// Build compiles the sources in one directory into another, as executables that
// run in a guest without libraries, too.
func Build(ctx context.Context, sources, dir string) error {
	gcc, err := exec.LookPath("gcc")
	if err != nil {
		return ErrNoCompiler
	}
	for _, p := range All {
		cmd := exec.CommandContext(ctx, gcc, "-std=c99", "-Wall", "-Wextra", "-Werror", "-O1", "-static", "-pthread",
			"-o", filepath.Join(dir, p.Name), filepath.Join(sources, p.Name+".c"))
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("build %s: %w: %s", p.Name, err, out)
		}
	}
	return nil
}

// Run runs an executable at a device file; ways are what its sources call so. The
// error has what it printed.
func Run(cmd *exec.Cmd, device string, ways ...string) error {
	cmd.Args = append(append(cmd.Args, device), ways...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w: %s", filepath.Base(cmd.Path), strings.Join(cmd.Args[1:], " "), err, out)
	}
	return nil
}
