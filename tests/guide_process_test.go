//go:build linux

package tests

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"fullex/tests/guide"
)

// Places that only the processes of a guide see.
const (
	guideCommands = "/run/guide/commands" // fullex
	guideOutputs  = "/run/guide/outputs"
	guideHere     = "/run/guide/here" // where the reader types
	guideRuntime  = "/run/guide/runtime"
)

// playGuide runs a guide as the first process of namespaces of its own. All that it
// starts ends with it, and nobody else sees its mounts and its addresses.
func playGuide(path, commands string) error {
	blocks, err := guide.Read(path)
	if err != nil {
		return err
	}
	if err := errors.Join(makePlaces(commands), makeNetwork()); err != nil {
		return err
	}
	var failures []error
	for i, b := range blocks {
		if err := runBlock(b, i); err != nil {
			failures = append(failures, fmt.Errorf("%s:%d: %w", path, b.Line, err))
		}
	}
	return errors.Join(failures...)
}

// makePlaces makes empty folders of what guides use: /run, /tmp and /mnt.
func makePlaces(commands string) error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("keep mounts private: %w", err)
	}
	var errs []error
	errs = append(errs, unix.Mount("proc", "/proc", "proc", 0, ""), unix.Mount("run", "/run", "tmpfs", 0, "mode=755"))
	for _, dir := range []string{guideCommands, guideOutputs, guideHere, guideRuntime, "/run/haproxy"} {
		errs = append(errs, os.MkdirAll(dir, 0o700))
	}
	errs = append(errs,
		unix.Mount(commands, guideCommands, "", unix.MS_BIND, ""), // before /tmp, where it may be
		unix.Mount("tmp", "/tmp", "tmpfs", 0, "mode=1777"),
		unix.Mount("mnt", "/mnt", "tmpfs", 0, "mode=755"),
		os.Chdir(guideHere),
		os.Setenv("PATH", guideCommands+":"+os.Getenv("PATH")+":/usr/sbin"),
		os.Setenv("HOME", guideHere), os.Setenv("XDG_RUNTIME_DIR", guideRuntime),
		os.Unsetenv(roleVariable), os.Unsetenv("TMPDIR"))
	return errors.Join(errs...)
}

// makeNetwork gives the loopback device its own address, and all of 192.0.2.0/24, which
// is for documentation (RFC 5737).
func makeNetwork() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	up, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	up.SetUint16(unix.IFF_UP)
	address, err := unix.NewIfreq("lo:1")
	if err != nil {
		return err
	}
	err = errors.Join(address.SetInet4Addr([]byte{192, 0, 2, 1}),
		unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, up), unix.IoctlIfreq(fd, unix.SIOCSIFADDR, address))
	return errors.Join(err, unix.Close(fd))
}

// runBlock runs one block, or writes its file, or says why not.
func runBlock(b guide.Block, number int) error {
	for _, mark := range b.Marks {
		if why := notRun[mark]; why != "" {
			fmt.Printf("line %d is not run: %s\n", b.Line, why)
			return nil
		}
	}
	if name, ok := b.Value("file"); ok {
		return os.WriteFile(filepath.Join(guideHere, name), []byte(b.Text), 0o700)
	}
	if b.Language != "sh" {
		return nil
	}
	text := strings.ReplaceAll(b.Text, "go run ./cmd/fullex", "fullex")
	run, err := startBlock(text, number)
	if err != nil {
		return err
	}
	if b.Has("background") {
		return run.awaitOutput(b)
	}
	return run.awaitEnd(b)
}

// blockRun is a shell that runs a block.
type blockRun struct {
	cmd    *exec.Cmd
	output string     // file of what it prints
	ended  chan error // gets what came of it
}

// startBlock starts a shell that ends at the first command that fails.
func startBlock(text string, number int) (*blockRun, error) {
	r := &blockRun{output: filepath.Join(guideOutputs, fmt.Sprint(number)), ended: make(chan error, 1)}
	f, err := os.Create(r.output)
	if err != nil {
		return nil, err
	}
	r.cmd = exec.Command("bash", "-e", "-c", text)
	r.cmd.Stdout, r.cmd.Stderr = f, f
	if err := errors.Join(r.cmd.Start(), f.Close()); err != nil {
		return nil, err
	}
	go func() { r.ended <- r.cmd.Wait() }()
	return r, nil
}

// blockTime bounds one block.
const blockTime = 30 * time.Second

// ready are the lines with which servers and mounts say that they are there.
var ready = regexp.MustCompile(`(?m)^(listening on|mounted at) .*\n`)

// awaitOutput waits until a block that goes on has printed what the guide shows, or else
// that its server or mount is there.
func (r *blockRun) awaitOutput(b guide.Block) error {
	deadline := time.After(blockTime)
	for tick := time.NewTicker(10 * time.Millisecond); ; {
		printed, err := os.ReadFile(r.output)
		if err != nil {
			return err
		}
		if ready.Match(printed) && (b.Output == "" || guide.Matches(b.Output, string(printed))) {
			return nil
		}
		select {
		case <-tick.C:
		case err := <-r.ended:
			return fmt.Errorf("it has ended with %v; it has printed\n%s", err, printed)
		case <-deadline:
			return fmt.Errorf("after %s it has only printed\n%s", blockTime, printed)
		}
	}
}

// awaitEnd waits for the end of a block.
func (r *blockRun) awaitEnd(b guide.Block) error {
	var err error
	select {
	case err = <-r.ended:
	case <-time.After(blockTime):
		err = fmt.Errorf("no end after %s", blockTime)
	}
	printed, readErr := os.ReadFile(r.output)
	_, isStatus := errors.AsType[*exec.ExitError](err)
	switch {
	case readErr != nil:
		return readErr
	case isStatus != b.Has("fails") || err != nil && !isStatus:
		return fmt.Errorf("it ends with %v; it has printed\n%s", err, printed)
	case b.Output != "" && !guide.Matches(b.Output, string(printed)):
		return fmt.Errorf("it has printed\n%s", printed)
	}
	return nil
}
