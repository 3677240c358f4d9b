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
	// AllowOther lets other users in. The server must allow the mount to attach
	// for them.
	AllowOther bool
	// ReadOnly refuses every open for writing.
	ReadOnly bool
	// Redial, if not nil, connects again when the connection has ended, as often
	// as needed. Nil: every call gives EIO after the connection has ended.
	Redial func(context.Context) (*client.Conn, error)
	// Log receives what no program that uses the mount learns. Nil: nothing is logged.
	Log *slog.Logger
}

// Mount is a mounted server. Safe for concurrent use.
type Mount struct {
	conn     atomic.Pointer[connection]
	inMemory bool // the server is in this process and answers at once
	loop     *loop
	dir      string // where it was mounted
	device   uint64 // st_dev of its files
	log      *slog.Logger
	sees     bool // /proc shows the processes that open files

	redial      func(context.Context) (*client.Conn, error) // nil: never
	connecting  sync.WaitGroup                              // for keepConnected, if redial is set
	stopRedials context.CancelFunc

	nodes          nodes
	handles        handles
	openings       openings
	unseen, hidden rare // log lines about processes
}

// nobody is the uid of a test attach: it shows whether the server lets the mount act for
// other users.
const nobody = 65534

// maxBackground is the most requests that the kernel has under way and no process waits
// for, above all RELEASE. No program closes so many files at once.
const maxBackground = 256

// New mounts the server that a client is connected to, and answers the kernel's requests.
// The directory is an absolute path without symbolic links. After a success the client
// belongs to the mount: Wait closes it.
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
		return fmt.Errorf("read the attributes of the server's root: %w", err)
	}
	if qid.Path != tree.RootPath {
		return errors.New("mount: the server is not fullex, and a FUSE mount knows only the files of fullex; mount it with --v9fs")
	}
	if allowOther && c.attach(background, nobody) != 0 {
		return fmt.Errorf("mount for other users: the server lets this mount act for uid %d only; mount as root over its unix socket, or without a target", os.Geteuid())
	}
	return nil
}

// serve mounts, and starts the loop that answers the kernel's requests.
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
		DisableReadDirPlus: true,               // the kernel would ask for attributes and not keep them
		ExtraCapabilities:  fuse.CAP_ASYNC_DIO, // else one asynchronous read becomes many, and each of them pops
		PanicHandler:       m.defect,
		Logger:             log.New(libraryLog{m.log}, "", 0),
	}
	raw := filesystem{fuse.NewDefaultRawFileSystem(), m}
	m.loop = &loop{fd: fd, server: fuse.NewProtocolServer(raw, options), log: m.log, waits: !m.inMemory, ended: m.hasEnded}
	m.openings.wait = m.loop.spare
	m.loop.start()
	return nil
}

// hasEnded closes the connection to a server in another process. That ends the calls that
// still wait for the server: nobody needs their replies.
func (m *Mount) hasEnded() {
	if !m.inMemory {
		_ = m.conn.Load().client.Close()
	}
}

// defect handles a panic in a request: it ends only this request, with EIO.
func (m *Mount) defect(what any) fuse.Status {
	m.log.Error("defect of the mount", "error", what)
	return fuse.EIO
}

// libraryLog writes the FUSE library's log lines to the log of the mount.
type libraryLog struct{ log *slog.Logger }

// Write implements io.Writer.
func (l libraryLog) Write(line []byte) (int, error) {
	l.log.Warn("the FUSE library", "says", string(bytes.TrimSpace(line)))
	return len(line), nil
}

// Wait returns when the mount has ended, by Unmount, Detach or another program, and has
// closed all open files.
func (m *Mount) Wait() error {
	err := m.loop.wait()
	m.stopRedials()
	m.connecting.Wait()
	return errors.Join(err, m.conn.Load().client.Close())
}

// Unmount ends the mount. It returns an error if a file of the mount is open.
func (m *Mount) Unmount() error { return m.end(false) }

// Detach removes the mount from its directory. The mount ends when its last file is closed.
func (m *Mount) Detach() error { return m.end(true) }

func (m *Mount) end(lazy bool) error {
	if err := m.unmount(lazy); err != nil {
		return fmt.Errorf("unmount %s: %w", m.dir, err)
	}
	return nil
}
