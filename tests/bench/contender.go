package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"fullex/device/contract"
	"fullex/p9srv/client"
	"fullex/p9srv/client/load"
	"fullex/tests/bench/process"
)

// Names of contenders that other code needs.
const (
	baseline = "echo" // ratios are to its rate
	ours     = "fullex"
	command  = "command"
)

// contender is a server that is measured.
type contender struct {
	name  string
	what  string // a line about it
	start func(w *workspace) (*process.Process, error)
	// dial makes a connection of the load; nil: fullex bench makes them.
	dial func(ctx context.Context, w *workspace, socket string, number int, of cell) (*load.Conn, error)

	valuesOnly bool // cells of opens leave it out
}

// contenders are all of them, the baseline first.
var contenders = []contender{
	{baseline, "answers each frame with a fixed reply; Go, a goroutine a connection", startSelf("echo"), dialEcho, false},
	{"twin", "the same program once more: what strays from 1 there is noise", startSelf("echo"), dialEcho, false},
	{"epoll", "the same replies from one epoll loop with raw system calls: a stronger limit", startSelf("epoll"), dialEcho, false},
	{ours, "the server under test: the deque behind /each/full_ex, every reply and value checked", (*workspace).startFullex, dialFullex, false},
	{command, "the same under fullex bench: latencies, and a session an operation, whose opening counts as CPU time", (*workspace).startFullex, nil, true},
	{"old", "another fullex, of --old: what a change did", (*workspace).startOld, dialFullex, false},
	{"diod", "diod on ordinary files of 4 bytes in the temporary directory, one a connection", startDiod, dialDiod, true},
}

// chooseContenders returns the contenders that a list names, and the baseline. It leaves out
// diod if that is not installed, with a note, and old if no program is given for it.
func chooseContenders(list, old string) (chosen []contender, notes []string, err error) {
	names := strings.Split(list, ",")
	for _, name := range names {
		if !slices.ContainsFunc(contenders, func(c contender) bool { return c.name == name }) {
			return nil, nil, fmt.Errorf("no server %q", name)
		}
	}
	for _, c := range contenders {
		if c.name != baseline && !slices.Contains(names, c.name) {
			continue
		}
		if c.name == "diod" && diodPath() == "" {
			notes = append(notes, "diod is not installed: it is not measured, and its target not checked")
			continue
		}
		if c.name == "old" && old == "" {
			continue
		}
		chosen = append(chosen, c)
	}
	return chosen, notes, nil
}

// startSelf returns a function that starts this program as one of its echo servers.
func startSelf(command string) func(*workspace) (*process.Process, error) {
	return func(w *workspace) (*process.Process, error) {
		socket := w.socket()
		return process.Start(command, socket, w.self, command, socket)
	}
}

func dialEcho(_ context.Context, _ *workspace, socket string, number int, of cell) (*load.Conn, error) {
	c, err := net.Dial("unix", socket)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	return load.NewFixed(c, of.config(number)), nil
}

// dialFullex opens a device that is half full, so that neither a push nor a pop is refused.
func dialFullex(ctx context.Context, _ *workspace, socket string, number int, of cell) (*load.Conn, error) {
	return dial(ctx, socket, of.config(number))
}

// diodPath returns the path of diod, or "". PATH of an ordinary user may leave out the
// directory of system programs.
func diodPath() string {
	for _, name := range []string{"diod", "/usr/sbin/diod"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// startDiod serves a directory without authentication, as the user who runs this. Its log is
// a file, because it has a line for every connection that ends.
func startDiod(w *workspace) (*process.Process, error) {
	if err := os.MkdirAll(w.exported(), 0o755); err != nil {
		return nil, fmt.Errorf("make diod's directory: %w", err)
	}
	socket := w.socket()
	return process.Start("diod", socket, diodPath(), "--foreground", "--no-auth", "--no-userdb",
		"--config-file", os.DevNull, "--export", w.exported(), "--listen", socket, "--logdest", filepath.Join(w.dir, "diod.log"))
}

// exported returns the directory that diod serves.
func (w *workspace) exported() string { return filepath.Join(w.dir, "exported") }

// dialDiod opens a file of its own. It does not compare values, because diod works on
// requests in any order.
func dialDiod(ctx context.Context, w *workspace, socket string, number int, of cell) (*load.Conn, error) {
	name := fmt.Sprintf("value-%d", number)
	if err := os.WriteFile(filepath.Join(w.exported(), name), make([]byte, contract.ValueSize), 0o644); err != nil {
		return nil, fmt.Errorf("make a file for diod: %w", err)
	}
	attach := func(ctx context.Context, k *client.Conn) (*client.File, error) {
		return k.Attach(ctx, uint32(os.Getuid()), w.exported())
	}
	config := of.config(number)
	config.Path, config.Check = []string{name}, load.Counts
	conn, err := net.Dial("unix", socket)
	if err != nil {
		return nil, err
	}
	return open(ctx, conn, usualMsize, attach, config)
}
