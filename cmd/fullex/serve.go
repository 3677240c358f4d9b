package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/urfave/cli/v2"

	"fullex/cmd/fullex/internal/logs"
	"fullex/device"
	"fullex/p9srv"
	"fullex/p9srv/endpoint"
	"fullex/p9srv/upgrade"
)

// shutdownTime is how long peers may take to accept their last replies: a quarter
// of the time in which serve promises to end.
const shutdownTime = 500 * time.Millisecond

// cuttingTime is how long it may then take to cut the other peers.
const cuttingTime = 400 * time.Millisecond

func serveCommand() *cli.Command {
	return &cli.Command{
		Name:  "serve",
		Usage: "serve the device until SIGINT or SIGTERM",
		Description: "Without --listen it listens at two endpoints: a unix socket, which is\n" +
			"$XDG_RUNTIME_DIR/fullex.sock, or " + rootSocket + " for root; and\n" +
			defaultTCP.String() + ".\n\n" +
			"    fullex serve --listen unix:/run/fullex.sock,mode=0660 --listen tcp::5640\n\n" +
			limitHelp,
		Flags: slices.Concat([]cli.Flag{
			&cli.StringSliceFlag{Name: "listen", KeepSpace: true, Usage: "listen at `ENDPOINT` (repeatable): " + endpoint.ServerForms()},
			moduleFlag(),
			&cli.StringFlag{Name: "identity", Value: "user", Usage: "distinguish clients by `POLICY`: user (each user of a connection) or peer (each process at a unix socket, each virtual machine and user over vsock)"},
			logLevelFlag("info"),
			&cli.StringFlag{Name: "log-format", Value: "text", Usage: "write the log as `FORMAT`: text or json"},
			&cli.BoolFlag{Name: "trace", Usage: "log every 9P message in a readable line"},
			strictFlag("log each rule of 9P that a client breaks, and a summary of each connection"),
		}, limitFlags(), faultFlags()),
		OnUsageError: oneLine,
		Action:       serve,
	}
}

func serve(c *cli.Context) error {
	if wantsFaultList(c) {
		return listFaults(c.App.Writer)
	}
	config, err := serveConfigFrom(c)
	if err != nil {
		return err
	}
	ctx, stop := untilTold(c.Context)
	defer stop()
	return config.run(ctx, c.App.Writer, c.App.ErrWriter)
}

// run serves until ctx ends, and then shuts down.
func (config serveConfig) run(ctx context.Context, stdout, stderr io.Writer) error {
	if tried, err := upgrade.Tried(os.Stdin, stdout, config.unloadedServer); tried || err != nil {
		return err
	}
	state, err := upgrade.Receive()
	if err != nil {
		return err
	}
	if config.strict { // asked for by name: whatever the level
		config = config.atLeast(slog.LevelWarn)
	}
	lines := config.logLines(stderr)
	defer lines.Close(flushTime)
	log := config.logger(lines)
	server, err := config.newServer(state, log)
	if err != nil {
		return err
	}
	if config.trace {
		level := max(config.level, slog.LevelInfo) // --trace wins over --log-level
		server.Trace = func(line string) { log.Log(context.Background(), level, "9p", "message", line) }
	}
	up, err := newUpgrader(server, state, config.notUpgradable(), log)
	if err != nil {
		return err
	}
	defer up.close()
	if state != nil {
		sources, err := up.restore(state)
		if err != nil {
			return err
		}
		return serveAll(ctx, server, sources, log, up)
	}
	config.faults.announce(config.atLeast(slog.LevelWarn).logger(lines))
	log.Debug("starting", "endpoints", fmt.Sprint(config.endpoints))
	sources, err := config.open(ctx, log)
	if err != nil && ctx.Err() != nil {
		log.Info("stopping")
		return nil
	}
	if err != nil {
		return err
	}
	greeting := logs.New(stdout, lostLines)
	defer greeting.Close(flushTime)
	announce(ctx, greeting, sources)
	return serveAll(ctx, server, sources, log, up)
}

// newServer returns the server that the flags describe. With a state its modules are not
// loaded yet.
func (config serveConfig) newServer(state *upgrade.State, log *slog.Logger) (*p9srv.Server, error) {
	make := func() (*p9srv.Server, error) { return newServer(config.modules, config.faults) }
	if state != nil {
		make = config.unloadedServer
	}
	server, err := make()
	if err != nil {
		return nil, err
	}
	server.Kernel.MaxSessions = config.sessions
	server.Identity, server.Limits, server.Log = config.identity, config.limits, log
	if config.strict {
		watch(server)
	}
	return server, nil
}

// unloadedServer returns a server in which no module is loaded.
func (config serveConfig) unloadedServer() (*p9srv.Server, error) {
	return &p9srv.Server{Kernel: device.NewKernel(device.Modules()...)}, nil
}

// serveAll serves until ctx ends, a listener fails, or there is nothing left to serve: an
// inherited connection ends with its peer. Meanwhile up replaces the program when asked to.
func serveAll(ctx context.Context, server *p9srv.Server, sources []source, log *slog.Logger, up *upgrader) error {
	ended := make(chan error, len(sources))
	var serving sync.WaitGroup
	for _, s := range sources {
		serving.Go(func() { ended <- s.serve(server) })
	}
	var err error
	for left := len(sources); left > 0 && err == nil; {
		select {
		case <-ctx.Done():
			log.Info("stopping")
			left = 0
		case err = <-ended:
			left--
		case <-up.asked:
			up.run(ctx, sources)
		}
	}
	return errors.Join(err, shutdown(server, &serving, log))
}

// shutdown ends all connections. It cuts those whose peers do not take their last replies in
// time. Connections that do not end even then end with the process. Neither is an error.
func shutdown(server *p9srv.Server, serving *sync.WaitGroup, log *slog.Logger) error {
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTime)
	defer cancel()
	err := within(shutdownTime+cuttingTime, func() error {
		err := server.Shutdown(ctx)
		serving.Wait()
		return err
	})
	switch {
	case errors.Is(err, errLeftBehind):
		log.Warn("some connections do not end, and are left to the end of the process")
		return nil
	case errors.Is(err, context.DeadlineExceeded):
		log.Warn("some peers did not read their replies and were cut")
		return nil
	}
	return err
}
