package fusefs

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// process is a process, told apart from those that had its number before. The zero
// process is one that nothing is known of.
type process struct {
	number uint32
	birth  uint64 // differs among the processes of one number; 0: just a number
}

// door is a way of the server to a device file, on the attach of a user. The zero
// door is none.
type door struct {
	uid, process uint32
	name         string
}

// path leads through the process's door, or through the one that tells each open
// apart.
func (d door) path() []string {
	if d.process == 0 {
		return []string{"each", d.name}
	}
	return []string{"pid", strconv.FormatUint(uint64(d.process), 10), d.name}
}

// String is for log lines.
func (d door) String() string { return "/" + strings.Join(d.path(), "/") }

// claim is who has a device file open once: a process, whoever it acts for, or a
// user who names the number of one that is not his.
type claim struct {
	name    string
	process process
	uid     uint32 // of a user who names a number; else 0
}

// opening is an open of a claim, from before the server is asked until the session
// has ended.
type opening struct {
	claim   claim
	door    door          // set before opened is closed
	before  *opening      // had the claim, and may have it still
	opened  chan struct{} // closed when the server has answered
	ended   chan struct{} // closed when there is no session any more
	flushed atomic.Bool   // a descriptor of it was closed
}

// openings are the claims that are open. Safe for concurrent use.
type openings struct {
	wait func() // is called before a wait

	mu      sync.Mutex // guards the fields below
	claimed map[claim]*opening
	former  map[uint32]uint64 // births of processes whose opening has ended, by number
}

// maxFormer bounds former, which is emptied above it: a process that is forgotten so is
// taken for one that has not opened anything.
const maxFormer = 4096

// wasHere reports whether this very process has had an opening that ended: then nobody
// had its number before it who could have a session still.
func (t *openings) wasHere(p process) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	birth, ok := t.former[p.number]
	return ok && birth == p.birth
}

// isNamed reports whether a user has a file open by the number of a process.
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

// begin takes a claim. Another opening that has it, and is not about to end, is its
// before: then the server must be asked whether that one's session is still there.
// The caller ends the opening by end, or confirms it by closing opened. An error is that
// of ctx, which ended while another opening was to be waited for.
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

// take gives its claim to an opening, if nobody has it but the one before, and
// returns who had it.
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

// end gives a claim back: to the one before, if that has not ended.
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

// confirm says that the server has opened the file.
func (o *opening) confirm(d door) {
	o.door = d
	o.before = nil // its session has ended, or it would not
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

// How long an open waits for the release of a file of which a descriptor was closed,
// but perhaps not the last. The kernel has told of the release before it tells of
// the open; what is left is for another reader to take it. Counted in steps, as
// this process may be stopped meanwhile. One step is for files that the kernel closes
// without telling of it first (io_uring's own descriptors).
const (
	releaseStep  = 10 * time.Millisecond
	releaseSteps = 20
)

// stays waits until an opening is open for good, or has ended, and reports whether it
// is open. After the end of ctx it returns its error.
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
