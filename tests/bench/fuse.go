package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"fullex/p9srv/client/load"
	"fullex/tests/bench/barefuse"
	"fullex/tests/bench/process"
)

// fuseConfig is the flags of the FUSE measurement.
type fuseConfig struct {
	rounds
	processes []int
}

func fuseConfigFrom(c *cli.Context) (fuseConfig, error) {
	config := fuseConfig{roundsFrom(c), []int{1, 8}}
	if err := config.rounds.check(); err != nil {
		return config, err
	}
	if _, err := os.OpenFile("/dev/fuse", os.O_RDWR, 0); err != nil {
		return config, fmt.Errorf("no FUSE for this user: %w", err)
	}
	return config, nil
}

// mounted is a FUSE mount that is measured.
type mounted struct {
	name, what string
	argv       []string           // how it is started, without the directory
	bare       bool               // its file does nothing
	servers    []*process.Process // whose processor time counts; the mount is last
	file       string             // the name of its file; once it is started, the path
}

// Names of the mounts, and of round trips with the echo server.
const (
	bareMount, twinMount, cMount, embeddedMount, unixMount = "bare", "twin", "c", "embedded", "unix"
	echoTrip                                               = "echo"
)

// run implements measurement.
func (config fuseConfig) run(ctx context.Context, w *workspace, text io.Writer) (_ report, err error) {
	mounts, notes, err := startMounts(ctx, w)
	defer func() { err = errors.Join(err, stopMounts(mounts)) }()
	if err != nil {
		return report{}, err
	}
	echo, err := startSelf("echo")(w)
	if err != nil {
		return report{}, err
	}
	defer func() { err = errors.Join(err, echo.Stop()) }()
	fmt.Fprintf(text, "write and read of 4 bytes in turn on files of FUSE mounts; %d rounds of %v\n", config.n, config.length)
	for _, m := range mounts {
		fmt.Fprintf(text, "  %-9s %s\n", m.name, m.what)
	}
	fmt.Fprintf(text, "  %-9s no mount: round trips with the echo server, a connection a process\n", echoTrip)
	writeRatesHead(text, "processes", "file", bareMount)
	var results []cellResult
	for _, n := range config.processes {
		result, err := config.measure(ctx, w, mounts, echo, n)
		if err != nil {
			return report{}, fmt.Errorf("%d processes: %w", n, err)
		}
		result.writeRates(text)
		result.writeRatio(text, "%-10s %-31s", embeddedMount, cMount)
		results = append(results, result)
	}
	return report{Results: results, Notes: notes, Missed: fuseMisses(results)}, nil
}

// startMounts starts all mounts. It leaves out the file in C if that cannot be built, with a
// note. On an error it returns the mounts that the caller must stop.
func startMounts(ctx context.Context, w *workspace) (mounts []*mounted, notes []string, err error) {
	server, err := w.startFullex()
	if err != nil {
		return nil, nil, err
	}
	inC := filepath.Join(w.dir, "barefuse")
	mounts = []*mounted{
		{name: bareMount, what: "a file that answers from memory; Go, the FUSE library go-fuse", argv: []string{w.self, "barefuse"}, bare: true, file: barefuse.Name},
		{name: twinMount, what: "the same once more: what strays from 1 there is noise", argv: []string{w.self, "barefuse"}, bare: true, file: barefuse.Name},
		{name: cMount, what: "such a file in C, one thread: a stronger limit", argv: []string{inC}, bare: true, file: barefuse.Name},
		{name: embeddedMount, what: "fullex mount DIR", argv: []string{w.fullex, "mount"}, file: "full_ex"},
		{name: unixMount, what: "fullex mount unix:SOCKET DIR, beside fullex serve", argv: []string{w.fullex, "mount", "unix:" + server.Socket},
			file: "full_ex", servers: []*process.Process{server}},
	}
	if err := barefuse.Build(ctx, inC); err != nil {
		notes = append(notes, fmt.Sprintf("the file in C is not measured, and its target not checked: %v", err))
		mounts = slices.DeleteFunc(mounts, func(m *mounted) bool { return m.name == cMount })
	}
	for _, m := range mounts {
		if err := m.start(w); err != nil {
			return mounts, notes, err
		}
	}
	return mounts, notes, nil
}

// start starts the mount at a new directory.
func (m *mounted) start(w *workspace) error {
	dir, err := os.MkdirTemp(w.dir, m.name)
	if err != nil {
		return fmt.Errorf("make a directory to mount at: %w", err)
	}
	m.file = filepath.Join(dir, m.file)
	p, err := process.StartWhen(m.name, func() error { _, err := os.Stat(m.file); return err }, append(m.argv, dir)...)
	if err == nil {
		m.servers = append(m.servers, p)
	}
	return err
}

// stopMounts ends the mounts, each before its server.
func stopMounts(mounts []*mounted) error {
	var errs []error
	for _, m := range mounts {
		for _, p := range slices.Backward(m.servers) {
			errs = append(errs, p.Stop())
		}
	}
	return errors.Join(errs...)
}

// measure runs the rounds with n processes on each mount.
func (config fuseConfig) measure(ctx context.Context, w *workspace, mounts []*mounted, echo *process.Process, n int) (_ cellResult, err error) {
	var turns []turn
	for _, m := range mounts {
		users, err := startUsers(w, m, n)
		defer func() { err = errors.Join(err, stopUsers(users)) }()
		if err != nil {
			return cellResult{}, err
		}
		turns = append(turns, m.used(users))
	}
	conns, err := contenders[0].dialMany(ctx, w, echo.Socket, cell{n, 1, false})
	defer func() { err = errors.Join(err, load.Close(conns)) }()
	if err != nil {
		return cellResult{}, err
	}
	turns = append(turns, loaded(echoTrip, conns, echo))
	samples, err := config.rounds.take(ctx, turns)
	if err != nil {
		return cellResult{}, err
	}
	return summarise(fmt.Sprint(n), turns, samples), nil
}

// used returns a turn of the users of a mount.
func (m *mounted) used(users []*user) turn {
	return turn{m.name, func(_ context.Context, length time.Duration) (sample, error) {
		return costing(m.servers, func() (float64, int, error) { return runUsers(users, length) })
	}}
}
