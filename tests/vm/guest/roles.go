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

// playRole is the life of a process that a scenario started. It ends with
// status 0, or says on its standard error what was wrong.
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

// roles take a path, in which PID stands for their own process, and more.
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

func ownPath(path string) string {
	return strings.ReplaceAll(path, "PID", strconv.Itoa(os.Getpid()))
}

// started is a process in a role.
type started struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	errors strings.Builder
}

// start runs this program again as a user, in a role.
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

// line waits for a line of a process.
func (c *check) line(p *started, want string) {
	got, err := p.out.ReadString('\n')
	if err != nil {
		c.errorf("wait for %q: %v, it said: %s", want, err, p.errors.String())
		return
	}
	c.same("line", strings.TrimSpace(got), want)
}

// release lets a process go on that waits for the end of its input.
func (c *check) release(p *started) { c.must("release", p.in.Close()) }

// wait ends a process that must have found nothing wrong.
func (c *check) wait(p *started) {
	if err := p.cmd.Wait(); err != nil {
		c.errorf("process %d: %v: %s", p.cmd.Process.Pid, err, strings.ReplaceAll(p.errors.String(), "\n", "; "))
	}
}

// say and hear are a process's side of line and release.
func say(line string) { fmt.Println(line) }

func hearEnd(c *check) {
	_, err := io.ReadAll(os.Stdin)
	c.must("wait for release", err)
}
