package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
	"syscall"
	"time"

	"fullex/cmd/fullex/internal/target"
	"fullex/p9srv/client"
	"fullex/p9srv/client/load"
	"fullex/p9srv/endpoint"
)

// Config says how to load a target.
type Config struct {
	Conns int // connections to a server; at a path, groups of Depth threads
	Depth int // operations in flight on each connection, or in each group
	Mix   load.Mix
	Rate  float64 // operations a second of all together; 0: as many as possible
	File  string  // device within the target; "": each/full_ex if there is one, else the device of the target
}

// MaxInHand is the most that Conns times Depth may be. Each operation in flight takes memory
// and, at a path, a thread.
const MaxInHand = load.MaxDepth

// Subject is a target under load. Only Done is safe for concurrent use.
type Subject struct {
	config    Config
	workers   []load.Worker
	recorders [shards]*recorder
}

// Start opens the device for each operation in flight. It gives up when ctx ends.
func Start(ctx context.Context, name target.Name, config Config) (*Subject, error) {
	s := &Subject{config: config}
	for i := range s.recorders {
		s.recorders[i] = newRecorder()
	}
	start := s.startCallers
	if _, remote := name.Endpoint(); remote {
		start = s.startConns
	}
	if err := start(ctx, name); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// startConns adds workers that are connections to a server.
func (s *Subject) startConns(ctx context.Context, name target.Name) error {
	to, _ := name.Endpoint()
	for range s.config.Conns {
		if err := s.connect(ctx, to); err != nil {
			return err
		}
	}
	return nil
}

// connect adds one worker that is a connection.
func (s *Subject) connect(ctx context.Context, to endpoint.Endpoint) error {
	conn, err := client.Connect(ctx, to)
	if err != nil {
		return err
	}
	k, err := client.New(ctx, conn)
	if err != nil {
		return fmt.Errorf("%s: %w", to, err)
	}
	root, err := k.AttachSelf(ctx)
	if err != nil {
		return errors.Join(fmt.Errorf("%s: %w", to, err), k.Close())
	}
	if s.config.File == "" {
		s.config.File = deviceBelow(ctx, root)
	}
	config := s.load()
	config.Path = strings.FieldsFunc(path.Clean("/"+s.config.File), func(r rune) bool { return r == '/' })
	c, err := load.New(ctx, k, root, config)
	if err != nil {
		if call := new(client.Error); errors.As(err, &call) && call.Call == "open" {
			err = explained(err)
		}
		return err
	}
	s.workers = append(s.workers, c)
	return nil
}

// each is the path of the device where each open is a client of its own.
const each = "each/full_ex"

// deviceBelow returns each if the server has that file, else "full_ex".
func deviceBelow(ctx context.Context, root *client.File) string {
	file, err := root.Walk(ctx, strings.Split(each, "/")...)
	if err != nil || file.Close(ctx) != nil {
		return "full_ex"
	}
	return each
}

// load returns the configuration of the next worker.
func (s *Subject) load() load.Config {
	n := len(s.workers)
	return load.Config{
		Depth: s.config.Depth, Sessions: s.config.Depth, Fill: load.Half, Mix: s.config.Mix,
		Seed: uint64(n), Recorder: s.recorders[n%shards],
	}
}

// explained adds to an error of open why the device cannot be opened.
func explained(err error) error {
	if errors.Is(err, syscall.EACCES) {
		return fmt.Errorf("%w (it is open already; see --file)", err)
	}
	return err
}

// startCallers adds workers that are threads, each with an open file.
func (s *Subject) startCallers(ctx context.Context, name target.Name) error {
	t, err := target.Open(ctx, name)
	if err != nil {
		return err
	}
	if s.config.File == "" {
		s.config.File = deviceOf(t)
	}
	if err := target.RefuseOrdinary(t, s.config.File); err != nil {
		return err
	}
	open := func() (io.ReadWriteCloser, error) {
		file, err := t.Open(s.config.File, os.O_RDWR)
		return file, explained(err)
	}
	for range s.config.Conns * s.config.Depth {
		c, err := load.NewCaller(open, s.load())
		if err != nil {
			return err
		}
		s.workers = append(s.workers, c)
	}
	return nil
}

// deviceOf returns the device for Config.File "" at a path.
func deviceOf(t target.Target) string {
	if t.Device() == "" {
		return ""
	}
	if _, err := t.Stat(each); err != nil {
		return t.Device()
	}
	return each
}

// Done returns how many operations have ended. It is safe for concurrent use.
func (s *Subject) Done() (n int64) {
	for _, w := range s.workers {
		n += w.Done()
	}
	return n
}

// Run loads the target for length, or until ctx ends, and waits for operations that have
// begun. It may be called again, unless it returned an error.
func (s *Subject) Run(ctx context.Context, length time.Duration) (*Result, error) {
	ran, err := load.Run(ctx, s.workers, load.Options{Length: length, Rate: s.config.Rate})
	r := NewResult()
	for _, recorder := range s.recorders {
		recorder.moveTo(r)
	}
	r.Elapsed, r.Missed = ran.Elapsed, ran.Missed
	return r, err
}

// Close closes all files and connections. It returns an error if the target does not reply in
// time.
func (s *Subject) Close() error { return load.Close(s.workers) }
