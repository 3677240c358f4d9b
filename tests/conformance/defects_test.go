package conformance

import (
	"errors"
	"fmt"
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/hugelgupf/p9/p9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/p9srv"
	"fullex/tests/wire"
)

// defect is one of hugelgupf/p9 v0.4.1, which the server must not have although
// it is built on that library.
type defect struct {
	name string
	// check returns an error if the subject has the defect.
	check func(s *subject) error
	// symptom is part of the error where the defect shows.
	symptom string
	tree    func(*naive) // how the tree of the bare library must be; nil: as it is
	limits  p9srv.Limits // of our server
	// races says that the defect is a data race in the library, which cannot
	// be shown under the race detector: it would blame the test.
	races bool
}

// hang is how long the library is waited for where it is known to hang. Our
// server has patience's time, as it does not.
const hang = 500 * time.Millisecond

// TestDefectsOfTheLibrary runs each check against the bare library, where it
// must show the defect, so that it is known to look in the right place, and
// against our server.
func TestDefectsOfTheLibrary(t *testing.T) {
	for _, group := range [][]defect{
		blockingDefects, orderDefects, fidDefects, sizeDefects, memoryDefects, xattrDefects, messageDefects,
	} {
		for _, d := range group {
			t.Run(d.name, func(t *testing.T) {
				if !d.races || !raceDetector {
					t.Run("library", func(t *testing.T) {
						assert.ErrorContains(t, d.check(newBareSubject(t, d)), d.symptom)
					})
				}
				t.Run("server", func(t *testing.T) {
					assert.NoError(t, d.check(newOurSubject(t, d)))
				})
			})
		}
	}
}

// subject is a server that a check is run against.
type subject struct {
	t        *testing.T
	dial     func() (net.Conn, error)
	sessions func() int    // of the device that are open
	hang     time.Duration // how long silence must last to be one

	// waitHeld waits until so many methods of the tree wait; release lets them
	// go. Nothing of ours waits.
	waitHeld func(methods int)
	release  func()
}

func newBareSubject(t *testing.T, d defect) *subject {
	tree := newNaive()
	if d.tree != nil {
		d.tree(tree)
	}
	t.Cleanup(tree.release)
	srv := p9.NewServer(tree)
	return &subject{
		t: t,
		dial: func() (net.Conn, error) {
			client, server := net.Pipe()
			go func() { _ = srv.Handle(server, server) }() // returns nil or never
			return client, nil
		},
		sessions: tree.device.Sessions,
		hang:     hang,
		waitHeld: tree.waitHeld,
		release:  tree.release,
	}
}

func newOurSubject(t *testing.T, d defect) *subject {
	srv := &p9srv.Server{Kernel: newKernel(), Limits: d.limits}
	dial, stop := startPipe(t, srv)
	t.Cleanup(stop)
	return &subject{
		t:        t,
		dial:     dial,
		sessions: srv.Kernel.Sessions,
		hang:     patience,
		waitHeld: func(int) {},
		release:  func() {},
	}
}

// connect makes a connection that ends with the test.
func (s *subject) connect() *wire.Conn {
	raw, err := s.dial()
	require.NoError(s.t, err)
	c := wire.NewConn(raw)
	s.t.Cleanup(func() {
		s.release()
		_ = raw.Close() // the library may not read any more, so that c would wait
		_ = c.Close()
	})
	return c
}

// attached makes a connection and attaches as fid 0.
func (s *subject) attached() *wire.Conn {
	c := s.connect()
	require.NoError(s.t, c.Talk(`
		> Tversion 65536 9P2000.L
		< Rversion 65536 9P2000.L
		> Tattach 0 NOFID "" "" NOUID
		< Rattach dir:*
	`))
	return c
}

// opened opens the device as fid 1 of a new connection.
func (s *subject) opened() *wire.Conn {
	c := s.connect()
	require.NoError(s.t, c.Talk(opening))
	return c
}

// talk speaks as [wire.Conn.Talk]; silence is noticed soon.
func (s *subject) talk(c *wire.Conn, lines string) error {
	c.Patience = s.hang
	return c.Talk(lines)
}

// waitClosed waits until no session is open.
func (s *subject) waitClosed() error {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(s.hang); s.sessions() > 0; {
		select {
		case <-tick.C:
		case <-deadline:
			return errors.New("a session is left")
		}
	}
	return nil
}

// exchangeAll sends requests in one write and takes as many replies, whatever
// they are.
func exchangeAll(c *wire.Conn, requests []string) error {
	if err := c.Send(requests...); err != nil {
		return err
	}
	for range requests {
		if _, err := c.Receive(); err != nil {
			return err
		}
	}
	return nil
}

// heapLimit is how much the heap may grow in a check of memory, in bytes. The
// defects take several times as much.
const heapLimit = 2 << 20

// heapGrowth returns an error if the heap holds much more after do.
func heapGrowth(do func() error) error {
	before := settledHeap()
	if err := do(); err != nil {
		return err
	}
	if after := liveHeap(); after > before+heapLimit {
		return fmt.Errorf("the heap grew by %d KiB", (after-before)>>10)
	}
	return nil
}

// settledHeap is what the heap holds once nothing more of what was before, such
// as connections that end, is going to be given back.
func settledHeap() uint64 {
	const little = 64 << 10
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for before, calm := liveHeap(), 0; ; {
		<-tick.C
		now := liveHeap()
		if now+little < before {
			calm = 0
		} else if calm++; calm == 3 {
			return now
		}
		before = now
	}
}

// liveHeap is what the heap holds. Pools let go of a thing at the second
// collection.
func liveHeap() uint64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}
