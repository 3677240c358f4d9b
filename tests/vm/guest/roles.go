//go:build linux

package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// playRole plays a role in a process that a scenario started. If the role fails, the process
// prints the failures on standard error and ends with status 1.
func playRole(args []string) {
	c := &check{}
	if len(args) < 2 {
		c.errorf("no role given")
	} else {
		run(c, func(c *check) { roles[args[0]](c, args[1:]) })
	}
	for _, failure := range c.failures {
		fmt.Fprintln(os.Stderr, failure)
	}
	if len(c.failures) > 0 {
		os.Exit(1)
	}
}

// roles are functions by name. The first argument of a role is a path. PID in it stands for
// the process ID of the role's process.
var roles map[string]func(*check, []string)

func init() {
	roles = map[string]func(*check, []string){
		"session":       roleSession,
		"hold":          roleHold,
		"refused-write": roleRefusedWrite,
		"refused":       roleRefused,
		"open-soon":     roleOpenSoon,
		"call":          roleCall,
		"fill":          roleFill,
		"opens-twice":   roleOpensTwice,
		"push-5":        rolePush5,
	}
}

// ownPath returns a path with the ID of this process for PID.
func ownPath(path string) string {
	return strings.ReplaceAll(path, "PID", strconv.Itoa(os.Getpid()))
}

// started is a process that plays a role.
type started struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	errors strings.Builder
}

// start starts this program as a user, with a role and its arguments. The process inherits the
// files as descriptors from 3 on.
func (c *check) start(uid uint32, files []*os.File, args ...string) *started {
	p := &started{cmd: exec.Command("/init", args...)}
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
	p.cmd.ExtraFiles = files
	p.cmd.Stderr = &p.errors
	in, err := p.cmd.StdinPipe()
	c.must("pipe", err)
	out, err := p.cmd.StdoutPipe()
	c.must("pipe", err)
	p.in, p.out = in, bufio.NewReader(out)
	c.must("start", p.cmd.Start())
	return p
}

// line waits until a process prints a line, and expects want.
func (c *check) line(p *started, want string) {
	got, err := p.out.ReadString('\n')
	if err != nil {
		c.errorf("wait for %q: %v, the process printed: %s", want, err, p.errors.String())
		return
	}
	c.same("line", strings.TrimSpace(got), want)
}

// release continues a process that waits for the end of its input.
func (c *check) release(p *started) { c.must("release", p.in.Close()) }

// wait waits for the end of a process, which must have found no failure.
func (c *check) wait(p *started) {
	if err := p.cmd.Wait(); err != nil {
		c.errorf("process %d: %v: %s", p.cmd.Process.Pid, err, strings.ReplaceAll(p.errors.String(), "\n", "; "))
	}
}

// say prints a line for the scenario's check.line.
func say(line string) { fmt.Println(line) }

// hearEnd waits until the scenario calls check.release.
func hearEnd(c *check) {
	_, err := io.ReadAll(os.Stdin)
	c.must("wait for release", err)
}
