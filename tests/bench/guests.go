package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"fullex/tests/bench/process"
	"fullex/tests/vm"
)

// guestsConfig is the flags of the measurement in guests.
type guestsConfig struct{ kernels []string }

func guestsConfigFrom(c *cli.Context) (guestsConfig, error) {
	if c.Bool("quick") {
		return guestsConfig{[]string{"6.1"}}, nil
	}
	return guestsConfig{[]string{"6.1", "7.2"}}, nil
}

// guestTime is how long a guest may take in all.
const guestTime = 10 * time.Minute

// guestModules are the kernel's modules for the ways that are measured.
var guestModules = []string{"virtio_pci", "virtio_net", "9pnet_fd", "9p", "9pnet_virtio", "fuse"}

// guestResult is the rates of the ways into one guest, in operations a second.
type guestResult struct {
	Kernel string  `json:"kernel"`
	Virtio float64 `json:"virtio_ops_per_second"`
	TCP    float64 `json:"tcp_ops_per_second"`
	FUSE   float64 `json:"fuse_ops_per_second"`
}

// run implements measurement. A note says what this machine lacks for a guest.
func (config guestsConfig) run(ctx context.Context, w *workspace, text io.Writer) (report, error) {
	fmt.Fprint(text, "write and read of 4 bytes in turn in a guest without hardware virtualisation; ways alternate: its\n"+
		"virtio-9p device, TCP through QEMU's user network, and FUSE with a server in the guest\n\n")
	fmt.Fprintf(text, "%-12s %12s %12s %12s %14s\n", "guest", "virtio op/s", "TCP op/s", "FUSE op/s", "virtio by TCP")
	results, notes := []guestResult{}, []string(nil)
	for _, version := range config.kernels {
		guest, err := guestOf(version)
		if err != nil {
			notes = append(notes, fmt.Sprintf("no guest with Linux %s: %v", version, err))
			continue
		}
		r, err := measureGuest(ctx, w, guest)
		if err != nil {
			return report{}, fmt.Errorf("guest with Linux %s: %w", version, err)
		}
		r.Kernel = version
		fmt.Fprintf(text, "%-12s %12.0f %12.0f %12.0f %14.2f\n", "Linux "+version, r.Virtio, r.TCP, r.FUSE, r.Virtio/r.TCP)
		results = append(results, r)
	}
	return report{Results: results, Notes: notes}, nil
}

// guestOf returns the guest for a version of Linux. The error says what is missing for it.
func guestOf(version string) (vm.Config, error) {
	kernel, err := vm.Find("kernel-" + version)
	if err != nil {
		return vm.Config{}, err
	}
	qemu, err := vm.FindNewQEMU()
	return vm.Config{Kernel: kernel, QEMU: qemu, Modules: guestModules, Scenarios: []string{"rates"}}, err
}

// measureGuest boots a guest with a server of its own, and returns the rates in it.
func measureGuest(ctx context.Context, w *workspace, guest vm.Config) (r guestResult, err error) {
	ctx, cancel := context.WithTimeout(ctx, guestTime)
	defer cancel()
	dir, err := os.MkdirTemp(w.dir, "guest")
	if err != nil {
		return r, fmt.Errorf("make a directory for it: %w", err)
	}
	if err := guest.Build(ctx, dir); err != nil {
		return r, err
	}
	virtio := filepath.Join(dir, "virtio.sock")
	server, port, err := w.startForGuest(virtio)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	guest.Port, guest.Tag = port, "fullex"
	guest.Arguments = append(vm.SharedMemory(), vm.VhostUser9P(virtio)...)
	scenarios, console, err := vm.Boot(ctx, guest, dir)
	if err != nil {
		return r, fmt.Errorf("%w: %s", err, console)
	}
	for _, s := range scenarios {
		if len(s.Failures) > 0 {
			return r, fmt.Errorf("%s: %s", s.Scenario, s.Failures[0])
		}
	}
	return ratesIn(console)
}

// startForGuest starts a server that listens for virtio devices and on a TCP port. It has no
// handshake timeout, because a guest takes long to attach.
func (w *workspace) startForGuest(virtio string) (server *process.Process, port int, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, 0, fmt.Errorf("find a port: %w", err)
	}
	address := l.Addr().(*net.TCPAddr)
	if err := l.Close(); err != nil {
		return nil, 0, fmt.Errorf("find a port: %w", err)
	}
	answers := func() error {
		c, err := net.Dial("tcp", address.String())
		if err != nil {
			return err
		}
		return c.Close()
	}
	server, err = process.StartWhen("fullex", answers, w.fullex, "serve", "--log-level", "warn", "--handshake-timeout", "0",
		"--listen", "vhost-user:"+virtio, "--listen", "tcp:"+address.String())
	return server, address.Port, err
}

// ratesIn returns the rates that the guest printed.
func ratesIn(console string) (r guestResult, err error) {
	ways := map[string]*float64{"virtio": &r.Virtio, "tcp": &r.TCP, "fuse": &r.FUSE}
	for line := range strings.Lines(console) {
		var name string
		var rate float64
		if _, err := fmt.Sscanf(line, "rate %s %f", &name, &rate); err == nil && ways[name] != nil {
			*ways[name] = rate
		}
	}
	for name, rate := range ways {
		if *rate == 0 {
			return r, fmt.Errorf("it printed no rate of %s: %s", name, console)
		}
	}
	return r, nil
}
