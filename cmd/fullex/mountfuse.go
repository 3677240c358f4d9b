package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"fullex/cmd/fullex/internal/fusefs"
	"fullex/cmd/fullex/internal/logs"
	"fullex/cmd/fullex/internal/quote"
	"fullex/cmd/fullex/internal/v9fs"
	"fullex/p9srv"
	"fullex/p9srv/client"
	"fullex/p9srv/endpoint"
	"fullex/p9srv/outside"
)

// mountFUSE mounts with FUSE and serves the mount until it ends. With --daemon it starts
// another process that does so.
func mountFUSE(c *cli.Context, args []string) error {
	for _, flag := range []string{"o", "print"} {
		if c.IsSet(flag) {
			return fmt.Errorf("mount: --%s is a flag of --v9fs, not of FUSE", flag)
		}
	}
	target, err := mountTarget(args)
	if err != nil {
		return err
	}
	if c.Bool("daemon") {
		return daemonize(c, target, args)
	}
	ctx, stop := untilTold(c.Context)
	defer stop()
	fd := c.Int("ready-fd")
	if fd == 0 {
		return serveFUSE(ctx, c, target, args[len(args)-1], func(dir string) error { return sayMounted(c, dir) })
	}
	starter, err := newStarter(fd)
	if err != nil {
		return err
	}
	err = serveFUSE(starter.watch(ctx), c, target, args[len(args)-1], func(string) error { return starter.leave() })
	return errors.Join(err, starter.close(err))
}

// handlerProcessors is the least GOMAXPROCS for a mount of a server in another process. A
// thread that waits in the kernel, for a request or a reply, counts until the runtime
// notices. With only as many threads as processors the others wait for that (bench fuse, 8
// processes: 18,800 operations a second became 29,300). A mount with its own server does not
// wait, and more threads make it slower (68,800 became 56,100 with one process).
const handlerProcessors = 8

// giveHandlersProcessors raises GOMAXPROCS to handlerProcessors, unless the environment sets
// it.
func giveHandlersProcessors() {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(max(handlerProcessors, runtime.NumCPU()))
	}
}

// serveFUSE mounts a target at the directory given. For the zero Endpoint it mounts a server
// in this process. It calls answers when the mount answers. It returns when the mount ends;
// it ends the mount when ctx ends or answers fails.
func serveFUSE(ctx context.Context, c *cli.Context, target endpoint.Endpoint, given string, answers func(dir string) error) error {
	if !target.IsZero() {
		giveHandlersProcessors()
	}
	lines := serveConfig{}.logLines(c.App.ErrWriter)
	defer lines.Close(flushTime)
	log := serveConfig{}.logger(lines)
	slog.SetDefault(log) // for what libraries print
	defer refuseUpgrades(log)()
	dir, err := v9fs.MountPoint(given)
	if err != nil {
		return fmt.Errorf("mount at %s: %w: want a directory that is there", given, err)
	}
	if err := cleanStale(dir, log); err != nil {
		return err
	}
	if c.Bool("reconnect") && target.IsZero() {
		return errors.New("mount: --reconnect needs a TARGET: a server in this process ends with the mount")
	}
	if c.Bool("reconnect") && target.IsInherited() {
		return errors.New("mount: --reconnect needs a TARGET that accepts connections: an inherited socket is only one")
	}
	k, end, err := connectFUSE(ctx, target)
	if err != nil {
		return err
	}
	config := fusefs.Config{AllowOther: c.Bool("allow-other"), ReadOnly: c.Bool("ro"), Log: log}
	if c.Bool("reconnect") {
		if config.Redial, err = redial(target); err != nil {
			return errors.Join(err, k.Close(), end())
		}
	}
	// The first calls have no context. Closing the connection ends them.
	stop := context.AfterFunc(ctx, func() { _ = k.Close() })
	defer stop()
	m, err := fusefs.New(k, dir, config)
	if err != nil {
		return errors.Join(err, k.Close(), end())
	}
	stop() // from now on the mount must end before its connection
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	err = answers(given)
	if err != nil {
		cancel()
	}
	return errors.Join(err, stay(ctx, m), end())
}

// refuseUpgrades logs at each SIGUSR2, until stop, that a mount cannot be upgraded.
func refuseUpgrades(log *slog.Logger) (stop func()) {
	signals, ended := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(signals, syscall.SIGUSR2)
	go func() {
		defer close(ended)
		for range signals {
			log.Error("not upgraded: a mount cannot be; it goes on", "hint", "end it and mount again")
		}
	}()
	return func() {
		signal.Stop(signals)
		close(signals)
		<-ended
	}
}

// connectFUSE connects to a target. For the zero Endpoint it starts a server in this process
// and connects to that. end ends that server.
func connectFUSE(ctx context.Context, target endpoint.Endpoint) (k *client.Conn, end func() error, err error) {
	if !target.IsZero() {
		k, err = dialFUSE(ctx, target)
		return k, func() error { return nil }, err
	}
	server, err := newServer(nil, planting{})
	if err != nil {
		return nil, nil, err
	}
	k, err = connectTo(server)
	return k, server.Close, err
}

// connectTo connects to a server in this process.
func connectTo(server *p9srv.Server) (*client.Conn, error) {
	conn, err := server.Connect()
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	return client.Memory(conn)
}

// dialFUSE connects to an endpoint and agrees on a version, within connectTime.
func dialFUSE(ctx context.Context, e endpoint.Endpoint) (*client.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTime)
	defer cancel()
	conn, err := client.Connect(ctx, e)
	if err != nil {
		return nil, err
	}
	socket, err := outside.NewConn(conn)
	if err != nil {
		return nil, err
	}
	return client.New(ctx, socket)
}

// redial returns a function that connects to a target again. It works after a change of the
// working directory, too.
func redial(target endpoint.Endpoint) (func(context.Context) (*client.Conn, error), error) {
	e, err := target.Abs()
	return func(ctx context.Context) (*client.Conn, error) { return dialFUSE(ctx, e) }, err
}

func sayMounted(c *cli.Context, dir string) error {
	say := logs.New(c.App.Writer, lostLines)
	defer say.Close(flushTime)
	_, err := fmt.Fprintf(say, "mounted at %s\n  end it: Ctrl-C, or fullex umount %[1]s\n", quote.Shell(dir))
	return err
}

// endTime is how long files that are still open may delay the end of an unmounted mount.
const endTime = 500 * time.Millisecond

// stay waits until the mount is unmounted. When ctx ends it unmounts it. Calls at files that
// are still open then get ENOTCONN.
func stay(ctx context.Context, m *fusefs.Mount) error {
	ended := make(chan error, 1)
	go func() { ended <- m.Wait() }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	if err := unmount(m); err != nil {
		return err
	}
	err := within(endTime, func() error { return <-ended })
	if errors.Is(err, errLeftBehind) {
		return nil
	}
	return err
}

const (
	unmountTime = 300 * time.Millisecond // to unmount what is not in use
	detachTime  = 600 * time.Millisecond // to detach what is in use
)

// unmount unmounts a mount. A mount that is in use, or that does not end in time, it detaches:
// the mount leaves the directory tree and ends when nothing uses it.
func unmount(m *fusefs.Mount) error {
	if within(unmountTime, m.Unmount) == nil {
		return nil
	}
	err := within(detachTime, m.Detach)
	if errors.Is(err, errLeftBehind) {
		return fmt.Errorf("unmount: %w; fullex umount --lazy detaches it", err)
	}
	return err
}

// cleanStale unmounts a mount at dir whose program is gone.
func cleanStale(dir string, log *slog.Logger) error {
	if _, err := os.Stat(dir); !errors.Is(err, syscall.ENOTCONN) {
		return nil
	}
	if err := v9fs.Unmount(dir, true); err != nil {
		return fmt.Errorf("clean up the mount that was left at %s: %w", dir, err)
	}
	log.Warn("cleaned up a mount whose program is gone", "dir", dir)
	return nil
}
