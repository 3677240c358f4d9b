package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"fullex/cmd/fullex/internal/fusefs"
	"fullex/cmd/fullex/internal/private"
	"fullex/cmd/fullex/internal/v9fs"
	"fullex/p9srv"
	"fullex/p9srv/endpoint"
	"fullex/p9srv/strict"
)

// Environment variables of the command of run.
const (
	addrVariable  = "FULLEX_ADDR"  // the endpoint of its server
	mountVariable = "FULLEX_MOUNT" // the path of its mount
)

// watcherName is the subcommand of run's watcher.
const watcherName = "run-watcher"

func runCommand() *cli.Command {
	return &cli.Command{
		Name:      "run",
		Usage:     "run a command with a server of its own",
		ArgsUsage: "[--] CMD [ARG...]",
		Description: "    fullex run --fuse -- sh -c 'exec 3<>$FULLEX_MOUNT/full_ex; printf \"\\3\" >&3'\n" +
			"    fullex run --fault odd-right -- make test\n\n" +
			"Starts a server on a private unix socket, runs CMD, and ends the server. CMD\n" +
			"finds the server's endpoint in $" + addrVariable + ". With --fuse or --v9fs it finds the\n" +
			"path of a private mount in $" + mountVariable + ". Server, socket, mount and the\n" +
			"processes that CMD started end with CMD, even if one of them is killed.\n\n" +
			"SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1 and SIGUSR2 go to CMD. It is killed if\n" +
			"it does not end soon after SIGINT, SIGTERM or SIGHUP, or if a second one comes.\n" +
			"Everything ends within two seconds.\n\n" +
			"Exit status: that of CMD, or 128 plus the number of the signal that killed it;\n" +
			"127 if CMD does not exist, 126 if it cannot be run, 1 if the server fails, or if\n" +
			"with --strict a client broke a rule of 9P and CMD succeeded.",
		Flags: slices.Concat([]cli.Flag{
			&cli.BoolFlag{Name: "fuse", Usage: "mount the server with FUSE"},
			&cli.BoolFlag{Name: "v9fs", Usage: "mount the server with the kernel's 9p client (needs root)"},
			moduleFlag(),
			strictFlag("log each rule of 9P that a client breaks; the status is 1 then, if CMD succeeds"),
			logLevelFlag("warn"),
		}, faultFlags()),
		OnUsageError: oneLine,
		Action: func(c *cli.Context) error {
			if wantsFaultList(c) {
				return listFaults(c.App.Writer)
			}
			if runtime.GOOS != "linux" {
				return errors.New("run: it works on Linux only")
			}
			config, err := runConfigFrom(c)
			if err != nil {
				return err
			}
			return config.run(c)
		},
	}
}

// watcherCommand returns the command of run's watcher, which users do not call.
func watcherCommand() *cli.Command {
	return &cli.Command{
		Name: watcherName, Hidden: true, OnUsageError: oneLine,
		Action: func(*cli.Context) error {
			return errors.Join(closeInherited(), private.Watch(os.Stdin, os.Stdout))
		},
	}
}

// runConfig is the flags and arguments of run, checked before anything starts.
type runConfig struct {
	fuse, v9fs bool
	strict     bool
	modules    []string
	faults     planting
	level      slog.Level
	args       []string // the command
}

func runConfigFrom(c *cli.Context) (runConfig, error) {
	config := runConfig{fuse: c.Bool("fuse"), v9fs: c.Bool("v9fs"), strict: c.Bool("strict"), modules: c.StringSlice("module"), args: c.Args().Slice()}
	var err error
	if config.faults, err = parseFaults(c.StringSlice("fault")); err != nil {
		return config, err
	}
	switch {
	case len(config.args) == 0:
		return config, fmt.Errorf("run: want %s", c.Command.ArgsUsage)
	case config.fuse && config.v9fs:
		return config, errors.New("run: want --fuse or --v9fs, not both")
	case config.level.UnmarshalText([]byte(c.String("log-level"))) != nil:
		return config, fmt.Errorf("--log-level %q: want debug, info, warn or error", c.String("log-level"))
	}
	return config, nil
}

// commandTime is how long the command may take to end after a signal.
const commandTime = 1200 * time.Millisecond

// run serves, mounts, and runs the command.
func (config runConfig) run(c *cli.Context) error {
	ctx, late, stop := untilToldTwice(c.Context, endSignals(), commandTime)
	defer stop()
	logs := serveConfig{level: config.level}
	if config.strict { // asked for by name: whatever the level
		logs = logs.atLeast(slog.LevelWarn)
	}
	server, err := newServer(config.modules, config.faults)
	if err != nil {
		return err
	}
	lines := logs.logLines(c.App.ErrWriter)
	defer lines.Close(flushTime)
	server.Log = logs.logger(lines)
	place, err := private.New(watcherName)
	if err != nil {
		return fmt.Errorf("run: %w", err)
	}
	config.faults.announce(logs.atLeast(slog.LevelWarn).logger(lines))
	served, err := config.serve(ctx, server, place)
	if err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("run: %w", err), place.End(), served.end(server))
	}
	status, err := place.Run(late, config.args, served.env, c.App.Reader, c.App.Writer, c.App.ErrWriter)
	err = errors.Join(err, place.End(), served.end(server))
	if err == nil && status == 0 {
		err = served.sins()
	}
	if err != nil || status != 0 {
		return exitStatus{max(status, 1), err}
	}
	return nil
}

// privateServer is the server of a command, and its mount.
type privateServer struct {
	env    []string
	serves chan error    // gets the result of serving; nil: it was not begun
	mount  *fusefs.Mount // nil: no FUSE mount
	watch  *strict.Watch // nil: without --strict
}

// serve makes a server listen in a place, and mounts it there. With an error it returns what
// it has begun, which the caller ends.
func (config runConfig) serve(ctx context.Context, server *p9srv.Server, place *private.Place) (privateServer, error) {
	var s privateServer
	if config.strict {
		s.watch = watch(server)
	}
	e, serves, err := serveUnix(ctx, server, place.Socket())
	if err != nil {
		return s, err
	}
	s.env, s.serves = []string{addrVariable + "=" + e.String()}, serves
	if !config.fuse && !config.v9fs {
		return s, nil
	}
	dir, err := place.MountPoint()
	if err != nil {
		return s, err
	}
	s.env = append(s.env, mountVariable+"="+dir)
	if config.fuse {
		return s, s.mountFUSE(server, dir)
	}
	ctx, cancel := context.WithTimeout(ctx, connectTime)
	defer cancel()
	return s, v9fs.Mount{Endpoint: e, Dir: dir}.Do(ctx)
}

// serveUnix makes a server listen at a path. serves gets the result of serving.
func serveUnix(ctx context.Context, server *p9srv.Server, path string) (e endpoint.Endpoint, serves chan error, err error) {
	e = endpoint.Unix(path)
	l, err := e.Listen(ctx)
	if err != nil {
		return e, nil, err
	}
	serves = make(chan error, 1)
	go func() { serves <- ignoreServerClosed(server.Serve(l)) }()
	return e, serves, nil
}

// mountFUSE mounts the server of this process at dir.
func (s *privateServer) mountFUSE(server *p9srv.Server, dir string) error {
	slog.SetDefault(server.Log) // for what libraries print
	client, err := connectTo(server)
	if err != nil {
		return err
	}
	s.mount, err = fusefs.New(client, dir, fusefs.Config{Log: server.Log})
	if err != nil {
		return errors.Join(err, client.Close())
	}
	return nil
}

// end ends the server after its place was removed. A process that left the place may have a
// file of the mount open. It keeps the mount, which then ends with this process.
func (s privateServer) end(server *p9srv.Server) error {
	if s.mount != nil {
		_ = within(endTime, s.mount.Wait)
	}
	s.settle()
	err := within(cuttingTime, func() error {
		err := server.Close()
		if s.serves != nil {
			err = errors.Join(err, <-s.serves)
		}
		return err
	})
	if errors.Is(err, errLeftBehind) {
		return nil
	}
	return err
}
