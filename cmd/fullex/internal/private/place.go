package private

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// Place is a directory and a process group that end with this process.
type Place struct {
	dir     string
	watcher *exec.Cmd
	alive   io.Closer // the pipe by which the watcher knows
}

// Socket returns the path for a socket, which nobody else may reach.
func (p *Place) Socket() string { return filepath.Join(p.dir, "socket") }

// MountPoint makes the directory to mount at and returns its path.
func (p *Place) MountPoint() (string, error) {
	dir := mountPoint(p.dir)
	err := os.Mkdir(dir, 0o700)
	if err == nil {
		err = os.Chmod(dir, 0o700) // whatever the umask, which is the command's
	}
	if err != nil {
		return "", fmt.Errorf("make the directory to mount at: %w", err)
	}
	return dir, nil
}

func mountPoint(dir string) string { return filepath.Join(dir, "mount") }

// New makes a place. Its watcher is this same program with the arguments, which
// must make it call [Watch].
func New(watcher ...string) (*Place, error) {
	cmd := exec.Command("/proc/self/exe", watcher...)
	cmd.Dir = "/" // it keeps no file system busy
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	alive, err := cmd.StdinPipe()
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
	p := &Place{watcher: cmd, alive: alive}
	said, err := bufio.NewReader(stdout).ReadString('\n')
	dir, ok := strings.CutPrefix(strings.TrimSuffix(said, "\n"), madeIt)
	if err != nil || !ok {
		return nil, errors.Join(fmt.Errorf("make a private directory: %s", said), p.End())
	}
	p.dir = dir
	return p, nil
}

// madeIt is what the watcher says before the path of the directory.
const madeIt = "made "

// End removes the place and ends all processes in it.
func (p *Place) End() error {
	err := p.alive.Close()
	_ = p.watcher.Wait() // it was killed, by itself
	if p.dir == "" {
		return err
	}
	return errors.Join(err, remove(p.dir)) // if somebody else killed it
}

// remove removes a place's directory with what is mounted and lies in it.
func remove(dir string) error {
	if err := detach(mountPoint(dir)); err != nil {
		return err
	}
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("remove the private directory: %w", err)
	}
	return nil
}

// mostMounts is how often a mount that is just being made can come between.
const mostMounts = 8

// detach removes a directory at which something may be mounted, now or in a moment
// by somebody who outlives this program: what is removed cannot be mounted at.
func detach(dir string) error {
	var err error
	for range mostMounts {
		if err = os.Remove(dir); err == nil || errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if unmountErr := unmount(dir); unmountErr != nil {
			err = errors.Join(err, unmountErr)
		}
	}
	return fmt.Errorf("remove what is mounted: %w", err)
}
