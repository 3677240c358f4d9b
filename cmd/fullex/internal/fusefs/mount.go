package fusefs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"

	"github.com/hanwen/go-fuse/v2/fuse"

	"fullex/p9srv/client"
	"fullex/p9srv/tree"
)

// Config is how a server is mounted. The zero Config mounts for the caller alone.
type Config struct {
	// AllowOther lets other users in, as whom the server must let the mount
	// attach.
	AllowOther bool
	// ReadOnly refuses every open for writing.
	ReadOnly bool
	// Redial, if not nil, connects again when the connection has ended, as often
	// as needed: the mount comes back by itself. Nil: it does not, and every call
	// gives EIO.
	Redial func(context.Context) (*client.Conn, error)
	// Log takes what nobody else is told. Nil: nothing is logged.
	Log *slog.Logger
}

// Mount is a mounted server. Safe for concurrent use.
type Mount struct {
	conn     atomic.Pointer[connection]
	inMemory bool // the server is in this process, and answers at once
	loop     *loop
	dir      string // where it was mounted
	device   uint64 // st_dev of its files
	log      *slog.Logger
	sees     bool // who opens, by /proc

	redial      func(context.Context) (*client.Conn, error) // nil: never
	connecting  sync.WaitGroup                              // keepConnected, if redial is set
	stopRedials context.CancelFunc

	nodes          nodes
	handles        handles
	openings       openings
	unseen, hidden rare // log lines about processes
}

// nobody is a user whom a server that trusts its mounts lets them act for.
const nobody = 65534

// maxBackground is how many requests without a waiting process the kernel has
// under way, RELEASE above all: more than any program closes at once.
const maxBackground = 256

// New mounts the server behind a client at a directory, and answers there. The directory
// is an absolute path without links. The client belongs to the mount.
func New(k *client.Conn, dir string, config Config) (*Mount, error) {
	m := &Mount{
		dir: dir, inMemory: k.InMemory(), log: config.Log, sees: seesProcesses(),
		redial: config.Redial, stopRedials: func() {},
		openings: openings{claimed: make(map[claim]*opening)},
	}
	if m.log == nil {
		m.log = slog.New(slog.DiscardHandler)
	}
	conn := newConnection(k)
	m.conn.Store(conn)
	if err := conn.suits(config.AllowOther); err != nil {
		return nil, err
	}
	if err := m.serve(config); err != nil {
		return nil, fmt.Errorf("mount at %s: %w", dir, err)
	}
	if m.redial != nil {
		ctx, cancel := context.WithCancel(context.Background())
		m.stopRedials = cancel
		m.connecting.Go(func() { m.keepConnected(ctx) })
	}
	return m, nil
}

// suits returns an error for a server that cannot be mounted.
func (c *connection) suits(allowOther bool) error {
	root, errno := c.walk(background, uint32(os.Geteuid()), nil)
	if errno != 0 {
		return fmt.Errorf("attach to the server: %w", errno)
	}
	qid, _, err := root.Attr(background)
	if err = errors.Join(err, root.Close(background)); err != nil {
		return fmt.Errorf("look at the server's root: %w", err)
	}
	if qid.Path != tree.RootPath {
		return errors.New("mount: the server is not fullex, and FUSE knows its files only; want --v9fs")
	}
	if allowOther && c.attach(background, nobody) != 0 {
		return fmt.Errorf("mount for other users: the server lets this mount act for uid %d only; mount as root over its unix socket, or without a target", os.Geteuid())
	}
	return nil
}

// serve mounts. Whoever looks into the mount from then on waits for its answer.
func (m *Mount) serve(config Config) error {
	words := []string{fmt.Sprintf("max_read=%d", maxCount)}
	if config.AllowOther {
		words = append(words, "allow_other")
	}
	if config.ReadOnly {
		words = append(words, "ro")
	}
	fd, err := m.attach(words)
	if err != nil {
		return err
	}
	options := &fuse.MountOptions{
		MaxBackground: maxBackground, MaxWrite: maxCount,
		DisableReadDirPlus: true,               // attributes that are not kept are asked for in vain
		ExtraCapabilities:  fuse.CAP_ASYNC_DIO, // else one asynchronous read becomes many, and each pops
		PanicHandler:       m.defect,
		Logger:             log.New(libraryLog{m.log}, "", 0),
	}
	raw := filesystem{fuse.NewDefaultRawFileSystem(), m}
	m.loop = &loop{fd: fd, server: fuse.NewProtocolServer(raw, options), log: m.log, waits: !m.inMemory, ended: m.hasEnded}
	m.openings.wait = m.loop.spare
	m.loop.start()
	return nil
}

// hasEnded ends what still waits for a server in another process: nobody waits for a reply.
func (m *Mount) hasEnded() {
	if !m.inMemory {
		_ = m.conn.Load().client.Close()
	}
}

// defect is a backstop: what one call meets ends that call only.
func (m *Mount) defect(what any) fuse.Status {
	m.log.Error("defect of the mount", "error", what)
	return fuse.EIO
}

// libraryLog passes on what the FUSE library logs to the log of the mount.
type libraryLog struct{ log *slog.Logger }

// Write implements io.Writer.
func (l libraryLog) Write(line []byte) (int, error) {
	l.log.Warn("the FUSE library", "says", string(bytes.TrimSpace(line)))
	return len(line), nil
}

// Wait returns when the mount has ended, whoever ended it, and has closed all
// that was open.
func (m *Mount) Wait() error {
	err := m.loop.wait()
	m.stopRedials()
	m.connecting.Wait()
	return errors.Join(err, m.conn.Load().client.Close())
}

// Unmount ends the mount, unless a file of it is open.
func (m *Mount) Unmount() error { return m.end(false) }

// Detach takes the mount out of the tree. It ends when its last file is closed.
func (m *Mount) Detach() error { return m.end(true) }

func (m *Mount) end(lazy bool) error {
	if err := m.unmount(lazy); err != nil {
		return fmt.Errorf("unmount %s: %w", m.dir, err)
	}
	return nil
}
