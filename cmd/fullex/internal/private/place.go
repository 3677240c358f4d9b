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
	pipe    io.Closer // its end tells the watcher that this process has ended
}

// New makes a place. The watcher is this same program, started with the arguments. They
// must make it call [Watch].
func New(watcher ...string) (*Place, error) {
	cmd := exec.Command("/proc/self/exe", watcher...)
	cmd.Dir = "/" // so that it keeps no file system busy
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	// A relative path would mean another directory in /.
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

// madeIt begins the watcher's answer if it has made the directory. The path follows, quoted,
// as it may contain any byte. Without madeIt the answer is a quoted error.
const madeIt = "made "

// dirSaid opens the directory that the watcher's answer names.
func dirSaid(said string) (*Dir, error) {
	quoted, made := strings.CutPrefix(said, madeIt)
	text, err := strconv.Unquote(quoted)
	switch {
	case err != nil:
		return nil, fmt.Errorf("unexpected answer of the watcher: %q", said)
	case !made:
		return nil, errors.New(text)
	}
	return openDir(text)
}

// End removes the place and ends all processes in it.
func (p *Place) End() error {
	err := p.pipe.Close()
	_ = p.watcher.Wait() // it has killed itself
	if p.Dir == nil {
		return err
	}
	return errors.Join(err, p.Remove()) // in case the watcher was killed before it removed the directory
}
