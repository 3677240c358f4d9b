package fusefs

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// process identifies a process. It differs from that of earlier processes with the same
// number. The zero process is unknown.
type process struct {
	number uint32
	birth  uint64 // differs among processes with the same number; 0: a number that a user named
}

// door is one of the server's paths to a device file, on the attach of a user. The zero
// door is for other files.
type door struct {
	uid, process uint32
	name         string
}

// path returns the path in the server's tree: below /pid, or below /each without a process.
func (d door) path() []string {
	if d.process == 0 {
		return []string{"each", d.name}
	}
	return []string{"pid", strconv.FormatUint(uint64(d.process), 10), d.name}
}

// String is for log lines.
func (d door) String() string { return "/" + strings.Join(d.path(), "/") }

// claim is the right to have a device file open, which exists once. It belongs to a process,
// whatever user that acts for. Or it belongs to a user that names the number of another
// process.
type claim struct {
	name    string
	process process
	uid     uint32 // of a user that names a number; else 0
}

// opening is one open of a file, for a claim. It lasts from before the server is asked
// until the session has ended.
type opening struct {
	claim   claim
	door    door          // set before opened is closed
	before  *opening      // had the claim before, and may still have a session
	opened  chan struct{} // closed when the server has opened the file
	ended   chan struct{} // closed when there is no session any more
	flushed atomic.Bool   // one of the file's descriptors was closed
}

// openings are the present openings by their claims. Safe for concurrent use.
type openings struct {
	wait func() // called before each wait

	mu      sync.Mutex // guards the fields below
	claimed map[claim]*opening
	former  map[uint32]uint64 // by process number: birth of the last process whose opening has ended
}

// maxFormer is the most entries of former. When it is full, it is emptied. A process that
// was in it then counts as one that has not opened anything.
const maxFormer = 4096

// wasHere reports whether this process itself has had an opening that ended. Then no
// earlier process with its number can still have a session.
func (t *openings) wasHere(p process) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	birth, ok := t.former[p.number]
	return ok && birth == p.birth
}

// isNamed reports whether a user has a file open by naming the number of a process.
func (t *openings) isNamed(name string, number uint32) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for c := range t.claimed {
		if c.name == name && c.process == (process{number: number}) {
			return true
		}
	}
	return false
}

// begin returns a new opening that has the claim. If another opening had the claim, and is
// not about to end, it becomes the new one's before. Then the caller must ask the server
// whether that one still has a session. The caller calls confirm when the server has opened
// the file, and end when it refused. The error is that of ctx, if it ends while begin waits
// for another opening.
func (t *openings) begin(ctx context.Context, c claim) (*opening, error) {
	own := &opening{claim: c, opened: make(chan struct{}), ended: make(chan struct{})}
	for {
		other := t.take(own)
		if other == own.before {
			return own, nil
		}
		t.wait()
		stays, err := t.stays(ctx, other)
		if err != nil {
			return nil, err
		}
		if stays {
			own.before = other
		}
	}
}

// take gives an opening its claim if no opening has it except the one before. It returns
// the opening that had the claim, or nil.
func (t *openings) take(own *opening) *opening {
	t.mu.Lock()
	defer t.mu.Unlock()
	other := t.claimed[own.claim]
	if other == nil {
		own.before = nil
	}
	if other == own.before {
		t.claimed[own.claim] = own
	}
	return other
}

// end ends an opening. The opening before gets the claim back, if it has not ended.
func (t *openings) end(own *opening) {
	t.mu.Lock()
	defer t.mu.Unlock()
	close(own.ended)
	if own.door.process != 0 && own.door.process == own.claim.process.number {
		if t.former == nil || len(t.former) >= maxFormer {
			t.former = make(map[uint32]uint64)
		}
		t.former[own.claim.process.number] = own.claim.process.birth
	}
	if t.claimed[own.claim] != own {
		return
	}
	delete(t.claimed, own.claim)
	if own.before != nil && !own.before.hasEnded() {
		t.claimed[own.claim] = own.before
	}
}

// confirm notes that the server has opened the file through a door.
func (o *opening) confirm(d door) {
	o.door = d
	o.before = nil // its session has ended, or the server would have refused
	close(o.opened)
}

func (o *opening) hasEnded() bool {
	select {
	case <-o.ended:
		return true
	default:
		return false
	}
}

// How long an open waits for the release of the same file. If one of the file's descriptors
// was closed, and it was the last, the kernel sends the release before the open. Another
// reader may still have to take it. The time is counted in steps, because this process may
// be stopped meanwhile. If none was closed, the wait is one step: the kernel releases some
// files without a flush before (io_uring's own descriptors).
const (
	releaseStep  = 10 * time.Millisecond
	releaseSteps = 20
)

// stays waits until an opening has ended or has no release under way. It reports whether
// the opening is still there. The error is that of ctx, if it ends first.
func (t *openings) stays(ctx context.Context, o *opening) (bool, error) {
	select {
	case <-o.opened:
	case <-o.ended:
		return false, nil
	case <-ctx.Done():
		return true, ctx.Err()
	}
	steps := 1
	if o.flushed.Load() {
		steps = releaseSteps
	}
	for range steps {
		select {
		case <-o.ended:
			return false, nil
		case <-ctx.Done():
			return true, ctx.Err()
		case <-time.After(releaseStep):
		}
	}
	o.flushed.Store(false) // it was not the last descriptor
	return !o.hasEnded(), nil
}
