package private

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Place is a directory and a process group that end with this process.
type Place struct {
	*Dir
	watcher *exec.Cmd
	pipe    io.Closer // by which the watcher knows
}

// New makes a place. Its watcher is this same program with the arguments, which
// must make it call [Watch].
func New(watcher ...string) (*Place, error) {
	cmd := exec.Command("/proc/self/exe", watcher...)
	cmd.Dir = "/" // it keeps no file system busy
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	// A relative path means another directory there.
	if temporary, err := filepath.Abs(os.TempDir()); err == nil {
		cmd.Env = append(os.Environ(), "TMPDIR="+temporary)
	}
	pipe, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("make a pipe: %w", err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("make a pipe: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the watcher: %w", err)
	}
	p := &Place{watcher: cmd, pipe: pipe}
	said, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		return nil, errors.Join(fmt.Errorf("wait for the watcher: %w", err), p.End())
	}
	if p.Dir, err = dirSaid(strings.TrimSuffix(said, "\n")); err != nil {
		return nil, errors.Join(err, p.End())
	}
	return p, nil
}

// madeIt is what the watcher says before the path of the directory. The path is
// quoted, as any byte may be in it, and so is an error, which comes without.
const madeIt = "made "

// dirSaid opens the directory that the watcher has made.
func dirSaid(said string) (*Dir, error) {
	quoted, made := strings.CutPrefix(said, madeIt)
	text, err := strconv.Unquote(quoted)
	switch {
	case err != nil:
		return nil, fmt.Errorf("understand the watcher: %q", said)
	case !made:
		return nil, errors.New(text)
	}
	return openDir(text)
}

// End removes the place and ends all processes in it.
func (p *Place) End() error {
	err := p.pipe.Close()
	_ = p.watcher.Wait() // it was killed, by itself
	if p.Dir == nil {
		return err
	}
	return errors.Join(err, p.Remove()) // if somebody else killed it
}
