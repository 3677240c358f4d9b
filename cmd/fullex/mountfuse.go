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

// mountFUSE mounts with FUSE and stays, or leaves another process to do so.
func mountFUSE(c *cli.Context, args []string) error {
	for _, flag := range []string{"o", "print"} {
		if c.IsSet(flag) {
			return fmt.Errorf("mount: --%s is of --v9fs, FUSE is not", flag)
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

// handlerProcessors is how many threads of a mount of a server in another process may run
// Go at the same time. One that waits in the kernel, for a request or a reply, counts
// among them for as long as it takes the runtime to notice; with no more than there are
// processors the others wait for that (bench fuse, 8 processes: 18,800 operations a second
// became 29,300). A mount with its own server waits for nothing, and is slower with more
// (68,800 became 56,100 with one process).
const handlerProcessors = 8

// giveHandlersProcessors sees to that, unless somebody has said otherwise.
func giveHandlersProcessors() {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(max(handlerProcessors, runtime.NumCPU()))
	}
}

// serveFUSE mounts a target, or else a server in this process, at the directory given. It
// calls answers with that, and stays until the mount or ctx ends. If answers fails, the
// mount ends at once.
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
		return errors.New("mount: --reconnect is of a TARGET: the server in this process ends with it")
	}
	if c.Bool("reconnect") && target.IsInherited() {
		return errors.New("mount: --reconnect is of a TARGET that can be connected to again: an inherited socket is there once")
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
	// The first calls do not look at a context; a connection that is gone ends them.
	stop := context.AfterFunc(ctx, func() { _ = k.Close() })
	defer stop()
	m, err := fusefs.New(k, dir, config)
	if err != nil {
		return errors.Join(err, k.Close(), end())
	}
	stop() // from here on the mount ends before its connection
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	err = answers(given)
	if err != nil {
		cancel()
	}
	return errors.Join(err, stay(ctx, m), end())
}

// refuseUpgrades says at each SIGUSR2 that a mount cannot be upgraded, until stop.
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

// connectFUSE connects to the target, or to a server in this process if there is
// none. end ends what was started for that.
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

// connectTo is for a server in this process.
func connectTo(server *p9srv.Server) (*client.Conn, error) {
	conn, err := server.Connect()
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	return client.Memory(conn)
}

// dialFUSE connects to a target and agrees a version, in connectTime at most.
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

// redial returns what connects to a target again, whatever the working directory
// is then.
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

// endTime is how long files that are open may keep an ended mount.
const endTime = 500 * time.Millisecond

// stay returns when the mount has ended: by umount, or when ctx ends. What is
// still open then gets ENOTCONN.
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
	unmountTime = 300 * time.Millisecond // for a mount that nothing of is in use
	detachTime  = 600 * time.Millisecond // to take one out of the tree
)

// unmount ends a mount. One of which something is in use, or whose end hangs, it takes
// out of the tree.
func unmount(m *fusefs.Mount) error {
	if within(unmountTime, m.Unmount) == nil {
		return nil
	}
	err := within(detachTime, m.Detach)
	if errors.Is(err, errLeftBehind) {
		return fmt.Errorf("unmount: %w; fullex umount --lazy takes it out of the tree", err)
	}
	return err
}

// cleanStale makes room where a mount is left whose program is gone.
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
