package fusefs

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"

	"fullex/p9srv/client"
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
	conn   atomic.Pointer[connection]
	server *fuse.Server
	dir    string // where it was mounted
	device uint64 // st_dev of its files
	log    *slog.Logger
	sees   bool // who opens, by /proc
	// waiting looks after requests to a server in another process; nil: it is in
	// this one, which answers at once.
	waiting *waiting

	redial      func(context.Context) (*client.Conn, error) // nil: never
	connecting  sync.WaitGroup                              // keepConnected, if redial is set
	stopRedials context.CancelFunc

	openings       openings
	unseen, hidden rare // log lines about processes
}

// nobody is a user whom a server that trusts its mounts lets them act for.
const nobody = 65534

// maxBackground is how many requests without a waiting process the kernel has
// under way, RELEASE above all: more than any program closes at once.
const maxBackground = 256

// maxCount is the most that the kernel reads or writes with one request, in bytes.
const maxCount = 128 << 10

// New mounts the server behind a client at a directory, and returns when it
// answers there. The directory is an absolute path without links. The client
// belongs to the mount.
func New(k *client.Conn, dir string, config Config) (*Mount, error) {
	m := &Mount{dir: dir, log: config.Log, sees: seesProcesses(), redial: config.Redial, openings: openings{claimed: make(map[claim]*opening)}}
	conn := newConnection(k)
	m.conn.Store(conn)
	if m.log == nil {
		m.log = slog.New(slog.DiscardHandler)
	}
	root, errno := conn.walk(uint32(os.Geteuid()), nil)
	if errno != 0 {
		return nil, fmt.Errorf("attach to the server: %w", errno)
	}
	if config.AllowOther && conn.attach(background, nobody) != 0 {
		return nil, fmt.Errorf("mount for other users: the server lets this mount act for uid %d only; mount as root over its unix socket, or without a target", os.Geteuid())
	}
	qid, _, err := root.Attr(background)
	err = errors.Join(err, root.Close(background))
	if err != nil {
		return nil, fmt.Errorf("look at the server's root: %w", err)
	}
	never := time.Duration(0)
	options := &fs.Options{
		EntryTimeout: &never, AttrTimeout: &never, NegativeTimeout: &never, NullPermissions: true,
		RootStableAttr: &fs.StableAttr{Ino: qid.Path},
		MountOptions: fuse.MountOptions{
			FsName: "fullex", Name: "fullex", AllowOther: config.AllowOther, DisableXAttrs: true,
			MaxBackground: maxBackground, MaxWrite: maxCount,
			DisableSplice:      true, // for four bytes it is three system calls instead of one
			DisableReadDirPlus: true, // attributes that are not kept are asked for in vain
			PanicHandler:       m.defect,
		},
	}
	if config.ReadOnly {
		options.Options = append(options.Options, "ro")
	}
	if err := m.serve(options); err != nil {
		return nil, fmt.Errorf("mount at %s: %w", dir, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	m.stopRedials = cancel
	if m.redial != nil {
		m.connecting.Go(func() { m.keepConnected(ctx) })
	}
	return m, nil
}

// defect is a backstop: what one call meets ends that call only.
func (m *Mount) defect(what any) fuse.Status {
	m.log.Error("defect of the mount", "error", what)
	return fuse.EIO
}

// serve is fs.Mount without the kernel's page cache.
func (m *Mount) serve(options *fs.Options) error {
	var raw fuse.RawFileSystem = fs.NewNodeFS(&node{mount: m}, options)
	says := libraryLog{m.log}
	options.MountOptions.Logger = log.New(says, "", 0)
	if !m.conn.Load().client.InMemory() {
		m.waiting = newWaiting(m.sees, func() { _ = m.conn.Load().client.Close() })
		raw = interruptible{raw, m.waiting}
		options.MountOptions.Logger = log.New(withoutLate{says}, "", 0)
	}
	if err := m.open(withoutPages{raw}, &options.MountOptions); err != nil {
		return err
	}
	go m.server.Serve() // ends with the mount
	if err := m.answer(); err != nil {
		return errors.Join(err, m.Detach())
	}
	return nil
}

// open mounts, and takes the connection for what is answered besides the library.
func (m *Mount) open(raw fuse.RawFileSystem, options *fuse.MountOptions) error {
	server, fd, err := attach(raw, m.dir, options)
	if err != nil {
		return err
	}
	m.server = server
	if m.waiting == nil {
		return nil
	}
	device, err := newKernel(fd)
	if err != nil {
		m.log.Warn("who is killed while the server hangs has to wait for it", "error", err)
	}
	m.waiting.start(device)
	return nil
}

// Wait returns when the mount has ended, whoever ended it, and has closed all
// that was open.
func (m *Mount) Wait() error {
	m.server.Wait()
	m.stopRedials()
	m.connecting.Wait()
	err := m.conn.Load().client.Close()
	if m.waiting != nil {
		err = errors.Join(err, m.waiting.close())
	}
	return err
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
