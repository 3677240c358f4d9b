package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"fullex/p9srv"
	"fullex/p9srv/endpoint"
	"fullex/p9srv/upgrade"
)

// upgrader replaces the program of a running server when SIGUSR2 or an administrator asks
// for it. The goroutine that serves calls its methods, but any goroutine may call ask.
type upgrader struct {
	asked   chan struct{} // has room for one
	signals chan os.Signal
	done    chan struct{}
	server  *p9srv.Server
	log     *slog.Logger
	refusal error // why upgrades are refused; nil: they are not

	program    upgrade.Program
	generation uint64 // of this program
}

// newUpgrader returns the upgrader of a server that is not used yet. state is what the
// previous program has left to this one; nil: this is the first one. refusal
// says why there is no upgrade; nil: there is.
func newUpgrader(server *p9srv.Server, state *upgrade.State, refusal error, log *slog.Logger) (*upgrader, error) {
	u := &upgrader{
		asked: make(chan struct{}, 1), signals: make(chan os.Signal, 1), done: make(chan struct{}),
		server: server, log: log, generation: 1, refusal: refusal,
	}
	var err error
	if u.program, err = upgrade.Self(); err != nil {
		return nil, err
	}
	if state != nil {
		u.generation = state.Generation + 1
		if u.program, err = upgrade.At(state.Program); err != nil {
			return nil, err
		}
	}
	server.Kernel.Upgrade, server.Kernel.Generation = u.ask, u.generation
	signal.Notify(u.signals, syscall.SIGUSR2)
	go u.listen()
	return u, nil
}

// listen asks for an upgrade at each signal, until close.
func (u *upgrader) listen() {
	defer close(u.done)
	for range u.signals {
		_ = u.ask() // an error means that one is asked for already
	}
}

func (u *upgrader) close() {
	signal.Stop(u.signals)
	close(u.signals)
	<-u.done
}

// ask asks for an upgrade and does not wait for it. It returns EBUSY if one is asked for
// already.
func (u *upgrader) ask() error {
	select {
	case u.asked <- struct{}{}:
		return nil
	default:
		return syscall.EBUSY
	}
}

// Beginnings of the lines of kmsg by which fullex upgrade recognises the outcome.
const (
	upgradedLine   = "fullex: upgraded to generation "
	notUpgradedLog = "fullex: not upgraded: "
)

// run upgrades the server. It does not return if that succeeds. If it fails, run logs why.
func (u *upgrader) run(ctx context.Context, sources []source) {
	err := u.refusal
	if err == nil {
		up := upgrade.Upgrade{
			Server: u.server, Program: u.program, Generation: u.generation,
			Sources:    func(f *p9srv.Frozen) ([]upgrade.Source, error) { return saveSources(f, sources) },
			BeforeExec: func() bool { return hearing.stop(ctx) },
			AfterExec:  hearing.listen,
		}
		err = up.Run(ctx)
	}
	line := strings.ReplaceAll(err.Error(), "\n", "; ")
	u.log.Error("not upgraded: the old program goes on", "error", line)
	u.server.Kernel.Log().Print(notUpgradedLog + line)
}

// saveSources returns the sources in the form for the next program. It leaves out an
// inherited connection that has ended.
func saveSources(f *p9srv.Frozen, sources []source) ([]upgrade.Source, error) {
	var saved []upgrade.Source
	for _, s := range sources {
		one := upgrade.Source{Endpoint: s.endpoint.String()}
		switch {
		case s.listener != nil:
			l, err := endpoint.SaveListener(s.listener)
			if err != nil {
				return nil, fmt.Errorf("save %s: %w", s.endpoint, err)
			}
			one.Listener = &l
		default:
			number, ok := s.number, s.number != 0
			if s.conn != nil {
				number, ok = f.Number(s.conn)
			}
			if !ok {
				continue
			}
			one.Conn = number
		}
		saved = append(saved, one)
	}
	return saved, nil
}

// restore lets the server go on with a state, and returns the sources of its connections.
func (u *upgrader) restore(state *upgrade.State) ([]source, error) {
	var sources []source
	for _, saved := range state.Sources {
		e, err := endpoint.Parse(saved.Endpoint)
		if err != nil {
			return nil, err
		}
		s := source{endpoint: e, number: saved.Conn}
		if saved.Listener != nil {
			if s.listener, err = saved.Listener.Open(); err != nil {
				return nil, err
			}
		}
		sources = append(sources, s)
	}
	if err := u.server.Restore(state.Server, endpoint.OpenConn); err != nil {
		return nil, err
	}
	pause := time.Since(time.Unix(0, state.Frozen)).Round(100 * time.Microsecond)
	u.log.Info("upgraded; the command line is still that of the start", "generation", u.generation, "pause", pause, "command", strings.Join(os.Args[1:], " "))
	u.server.Kernel.Log().Print(fmt.Sprintf("%s%d after a pause of %v", upgradedLine, u.generation, pause))
	return sources, nil
}
