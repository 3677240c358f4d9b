// Package programs builds and runs small C programs like those that people write to test the
// kernel module. Each has one subject. They open, fork, start threads, and compare every
// result. Their sources, in tests/testdata/programs, say which arguments they take.
package programs

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
)

// Program is one of the programs.
type Program struct {
	Name string
	// Opens is true if several processes of the program have the device open at the same
	// time. It is also true if a process opens it again right after a close, which the
	// kernel may delay. Such a program needs a path at which each of these has its own deque.
	Opens bool
}

// All are all programs. Each is in a file of its name.
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

// ErrNoCompiler is the error of Build on a machine without a C compiler.
var ErrNoCompiler = errors.New("no gcc on this machine (Debian package build-essential)")

// Build compiles all programs from the directory sources into dir. The executables need no
// libraries, so that they also run in a guest.
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

// Run runs an executable with a device file and ways as its arguments. The program's source
// says what ways there are. The error has what the program printed.
func Run(cmd *exec.Cmd, device string, ways ...string) error {
	cmd.Args = append(append(cmd.Args, device), ways...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w: %s", filepath.Base(cmd.Path), strings.Join(cmd.Args[1:], " "), err, out)
	}
	return nil
}
