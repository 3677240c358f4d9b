package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"fullex/tests/bench/barefuse"
	"fullex/tests/bench/load"
	"fullex/tests/bench/process"
)

// fuseConfig is the flags of the FUSE measurement.
type fuseConfig struct {
	runs      int
	length    time.Duration
	processes []int
}

func fuseConfigFrom(c *cli.Context) (fuseConfig, error) {
	config := fuseConfig{runs: c.Int("runs"), length: c.Duration("time"), processes: []int{1, 8}}
	if c.Bool("quick") {
		config.runs, config.length = 3, 20*time.Millisecond
	}
	if config.runs < 1 || config.length <= 0 {
		return config, errors.New("--runs and --time: want more than nothing")
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
	servers    []*process.Process // whose time counts, the mount last
	file       string             // in the directory; with it, once it is started
}

// The mounts, and what a round trip of the echo server is called beside them.
const (
	bareMount, twinMount, cMount, embeddedMount, unixMount = "bare", "twin", "c", "embedded", "unix"
	echoTrip                                               = "echo"
)

// run is the subcommand.
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
	fmt.Fprintf(text, "write and read of 4 bytes in turn on files of FUSE mounts; %d rounds of %v\n", config.runs, config.length)
	for _, m := range mounts {
		fmt.Fprintf(text, "  %-9s %s\n", m.name, m.what)
	}
	fmt.Fprintf(text, "  %-9s no mount: round trips with the echo server, a connection a process\n", echoTrip)
	fmt.Fprintf(text, "\n%-10s %-9s %10s %10s   %s\n", "processes", "file", "op/s", "CPU us", "ratio to bare, median [min..max]")
	var results []cellResult
	for _, n := range config.processes {
		result, err := config.measure(ctx, w, mounts, echo, n)
		if err != nil {
			return report{}, fmt.Errorf("%d processes: %w", n, err)
		}
		fmt.Fprintln(text)
		for _, s := range result.Servers {
			fmt.Fprintf(text, "%-10s %-9s %10.0f %10.2f   %.2f [%.2f..%.2f]\n", result.Cell, s.Name, s.Rate, s.CPU, s.Ratio, s.RatioMin, s.RatioMax)
		}
		if r, ok := result.embeddedOfC(); ok {
			fmt.Fprintf(text, "%-10s %-31s   %.2f [%.2f..%.2f]\n", result.Cell, "embedded's ratio to c", median(r), slices.Min(r), slices.Max(r))
		}
		results = append(results, result)
	}
	return report{Results: results, Notes: notes, Missed: fuseMisses(results)}, nil
}

// embeddedOfC returns the ratio of each round of the embedded mount's rate to that of the
// file in C, and false if that was not measured.
func (r cellResult) embeddedOfC() ([]float64, bool) {
	embedded, _ := r.server(embeddedMount)
	c, ok := r.server(cMount)
	if !ok {
		return nil, false
	}
	return ratios(embedded.Rates, c.Rates), true
}

// startMounts mounts them all; the file in C is left out, with a word, where it cannot be
// built. On an error it returns what there is, to be stopped.
func startMounts(ctx context.Context, w *workspace) (mounts []*mounted, notes []string, err error) {
	server, err := w.startFullex()
	if err != nil {
		return nil, nil, err
	}
	inC := filepath.Join(w.dir, "barefuse")
	mounts = []*mounted{
		{name: bareMount, what: "a file that answers from memory; Go, the FUSE library go-fuse", argv: []string{w.self, "barefuse"}, file: barefuse.Name},
		{name: twinMount, what: "the same once more: what strays from 1 there is noise", argv: []string{w.self, "barefuse"}, file: barefuse.Name},
		{name: cMount, what: "such a file in C, one thread: a stronger limit", argv: []string{inC}, file: barefuse.Name},
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

// start mounts it at a new directory.
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

// stopMounts ends them, each mount before its server.
func stopMounts(mounts []*mounted) error {
	var errs []error
	for _, m := range mounts {
		for _, p := range slices.Backward(m.servers) {
			errs = append(errs, p.Stop())
		}
	}
	return errors.Join(errs...)
}

// measure runs the rounds with so many processes on each mount.
func (config fuseConfig) measure(ctx context.Context, w *workspace, mounts []*mounted, echo *process.Process, n int) (_ cellResult, err error) {
	takes, names, end, err := fuseTakes(w, mounts, echo, n)
	defer func() { err = errors.Join(err, end()) }()
	if err != nil {
		return cellResult{}, err
	}
	samples := make([][]sample, len(takes))
	for round := range config.runs + 1 {
		for _, i := range rand.Perm(len(takes)) {
			if err := ctx.Err(); err != nil {
				return cellResult{}, err
			}
			s, err := takes[i](config.length)
			if err != nil {
				return cellResult{}, fmt.Errorf("%s: %w", names[i].name, err)
			}
			if round > 0 { // the first is to warm up
				samples[i] = append(samples[i], s)
			}
		}
	}
	result := summarise(cell{}, names, samples)
	result.Cell = fmt.Sprint(n)
	return result, nil
}

// fuseTakes starts the users of all mounts, and connections to the echo server.
// end stops them.
func fuseTakes(w *workspace, mounts []*mounted, echo *process.Process, n int) (takes []func(time.Duration) (sample, error), names []contender, end func() error, err error) {
	var ends []func() error
	end = func() error {
		var errs []error
		for _, f := range ends {
			errs = append(errs, f())
		}
		return errors.Join(errs...)
	}
	for _, m := range mounts {
		var users []*user
		for range n {
			u, err := startUser(w, m.file)
			if err != nil {
				return nil, nil, end, err
			}
			users, ends = append(users, u), append(ends, u.stop)
		}
		takes = append(takes, func(length time.Duration) (sample, error) { return m.take(users, length) })
		names = append(names, contender{name: m.name})
	}
	var conns []*load.Conn
	for i := range n {
		c, err := dialEcho(w, echo.Socket, i, cell{1, 1, false})
		if err != nil {
			return nil, nil, end, err
		}
		conns, ends = append(conns, c), append(ends, c.Close)
	}
	takes = append(takes, func(length time.Duration) (sample, error) { return takeSample(echo, conns, length) })
	return takes, append(names, contender{name: echoTrip}), end, nil
}

// take is one run on a mount.
func (m *mounted) take(users []*user, length time.Duration) (sample, error) {
	before, err := m.cpu()
	if err != nil {
		return sample{}, err
	}
	ops, rate, err := runUsers(users, length)
	if err != nil {
		return sample{}, err
	}
	after, err := m.cpu()
	if err != nil {
		return sample{}, err
	}
	return sample{rate: rate, cpu: microseconds(after-before) / float64(ops)}, nil
}

// cpu is the time that the mount and its server have taken.
func (m *mounted) cpu() (all time.Duration, err error) {
	for _, p := range m.servers {
		d, err := p.CPU()
		if err != nil {
			return 0, err
		}
		all += d
	}
	return all, nil
}
