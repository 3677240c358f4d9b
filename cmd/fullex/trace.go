package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"fullex/cmd/fullex/internal/logs"
	"fullex/cmd/fullex/internal/trace"
	"fullex/p9srv/endpoint"
)

func traceCommand() *cli.Command {
	return &cli.Command{
		Name:      "trace",
		Usage:     "print the messages between 9P clients and a server",
		ArgsUsage: "--listen ENDPOINT TARGET",
		Description: "Listens at an endpoint and passes connections on to the server at TARGET, until\n" +
			"SIGINT or SIGTERM, or until nobody reads its output.\n\n" +
			"    fullex trace --listen unix:/tmp/traced tcp:127.0.0.1:5640\n\n" +
			"A line has the time, the number of the connection, -> for a client's message or\n" +
			"<- for the server's, and the message. A fid is followed by its path, and a reply\n" +
			"by its request and the time since then.\n\n" +
			"Connections never wait for the output: up to 8 MiB of messages wait to be\n" +
			"printed. Then messages are left out, and a line says how many.\n\n" +
			"The file of --oracle has every call at full_ex, and connections wait for it. A\n" +
			"session is written there when it ends. The file omits the replies to a Linux\n" +
			"client that asks for the rest of a short read: the device sees no such call.\n\n" +
			"Over a unix socket the server sees the user of fullex trace, not the client's.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "listen", Usage: "accept clients at `ENDPOINT`: " + endpoint.ProxyForms()},
			&cli.StringFlag{Name: "format", Value: "text", Usage: "print each message as `FORMAT`: text or json"},
			&cli.StringFlag{Name: "oracle", Usage: "also write the calls at full_ex to `FILE`, for fullex replay"},
		},
		OnUsageError: oneLine,
		Action:       traceAction,
	}
}

// traceConfig is the flags of trace, checked before anything starts.
type traceConfig struct {
	listen, target endpoint.Endpoint
	json           bool
	oracle         string
}

func traceConfigFrom(c *cli.Context) (config traceConfig, err error) {
	args, err := arguments(c, 1, 1)
	if err != nil {
		return config, err
	}
	if config.target, err = endpoint.Parse(args[0]); err != nil {
		return config, fmt.Errorf("TARGET: %w", err)
	}
	if !c.IsSet("listen") {
		return config, errors.New("trace: want --listen ENDPOINT, where clients connect")
	}
	if config.listen, err = endpoint.Parse(c.String("listen")); err != nil {
		return config, fmt.Errorf("--listen: %w", err)
	}
	for _, e := range []endpoint.Endpoint{config.listen, config.target} {
		if _, ok := e.Device(); ok {
			return config, fmt.Errorf("%s: a virtio-9p device has no bytes to pass on; trace a socket", e)
		}
	}
	switch format := c.String("format"); format {
	case "text", "json":
		config.json = format == "json"
	default:
		return config, fmt.Errorf("--format %q: want text or json", format)
	}
	config.oracle = c.String("oracle")
	return config, nil
}

func traceAction(c *cli.Context) error {
	config, err := traceConfigFrom(c)
	if err != nil {
		return err
	}
	ctx, stop := untilTold(c.Context)
	defer stop()
	dial, err := config.tryTarget(ctx)
	if err != nil {
		return err
	}
	s, err := openSource(ctx, config.listen)
	if err != nil {
		return err
	}
	surviveClosedOutput()
	unwatch, err := awaitUnread(c.App.Writer, stop)
	if err != nil {
		return errors.Join(err, s.close())
	}
	defer unwatch()
	return config.run(ctx, dial, s, c.App.Writer, c.App.ErrWriter)
}

// dialer connects to the target of trace.
type dialer func(context.Context) (net.Conn, error)

// tryTarget connects to the target once, so that trace ends at once if nobody answers there.
// It returns the dialer for the connections of clients.
func (config traceConfig) tryTarget(ctx context.Context) (dialer, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTime)
	defer cancel()
	conn, err := config.target.Dial(ctx)
	if err != nil {
		return nil, err
	}
	if config.target.IsInherited() {
		return once(conn), nil
	}
	_ = conn.Close()
	return config.target.Dial, nil
}

// once returns a dialer for an inherited connection. Only its first call succeeds: later the
// number of the descriptor can be that of another file.
func once(conn net.Conn) dialer {
	var used atomic.Bool
	return func(context.Context) (net.Conn, error) {
		if used.Swap(true) {
			return nil, errors.New("the inherited connection to the server is in use or has ended")
		}
		return conn, nil
	}
}

// run passes connections on until ctx ends.
func (config traceConfig) run(ctx context.Context, dial dialer, s source, stdout, stderr io.Writer) error {
	lines := logs.New(stderr, lostLines)
	defer lines.Close(flushTime)
	p := &trace.Proxy{Dial: dial, Queue: trace.NewQueue()}
	p.Failed = func(err error) { fmt.Fprintln(lines, "fullex:", err) }
	if config.oracle != "" {
		var err error
		if p.Recorder, err = trace.NewRecorder(config.oracle); err != nil {
			return errors.Join(fmt.Errorf("--oracle: %w", err), s.close())
		}
	}
	printed := make(chan error, 1)
	printer := trace.Printer{Out: logs.Patient{Out: stdout}, JSON: config.json}
	go func() {
		logs.WriteInBackground(stdout)
		printed <- printer.Print(p.Queue)
	}()
	fmt.Fprintf(lines, "listening on %s for %s\n", toCopy(s.endpoint), toCopy(config.target))
	err := passOn(ctx, p, s)
	p.Queue.Close()
	if p.Recorder != nil {
		if e := p.Recorder.Close(); e != nil {
			err = errors.Join(err, fmt.Errorf("--oracle %s is not whole: %w", config.oracle, e))
		}
	}
	return errors.Join(err, waitPrinted(printed))
}

// isUnread reports whether writing failed because nobody reads any more: the other
// end of a pipe or a terminal is gone.
func isUnread(err error) bool { return errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.EIO) }

// passOn passes on the connections of a listener, or one inherited connection.
func passOn(ctx context.Context, p *trace.Proxy, s source) error {
	if s.conn != nil {
		p.ServeConn(ctx, s.conn)
		return nil
	}
	return p.Serve(ctx, quietListener{s.listener})
}

// quietListener returns no error if it is closed twice, as when a signal comes while the
// listener fails.
type quietListener struct{ net.Listener }

// Close implements net.Listener.
func (l quietListener) Close() error {
	if err := l.Listener.Close(); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// lastWords is how long the program waits at its end until the rest of its output is read.
// After that the rest is lost.
const lastWords = time.Second

func waitPrinted(printed <-chan error) error {
	err := within(lastWords, func() error { return <-printed })
	if errors.Is(err, errLeftBehind) || isUnread(err) {
		return nil
	}
	return err
}
