package trace

import (
	"sync"
	"sync/atomic"
	"time"
)

// QueueSize is how much waits to be printed at most, in bytes: some seconds of
// what a terminal shows.
const QueueSize = 8 << 20

const (
	// eventSize is about what an event takes beside its message, in bytes.
	eventSize = 192
	// maxShown is the largest message that is shown with its fields, in bytes.
	maxShown = 128 << 10
)

// gather is how long the first event of a batch waits for others: less than anybody
// sees, and long enough that few messages wait for a thread to be woken.
const gather = 20 * time.Millisecond

// Queue holds what is to be printed. When it is full, events are left out and counted: a
// terminal that somebody has stopped must not stop the clients of a server. What has to be
// whole is written by a [Recorder]. Safe for concurrent use.
type Queue struct {
	filled chan struct{} // has one if the batch is not empty
	closed chan struct{}

	// While it is full, events are left out without the lock and without a copy:
	// with 64 requests in flight that is most of the time.
	full    atomic.Bool  // an event did not fit; until the batch is taken
	skipped atomic.Int64 // events left out since then

	mu    sync.Mutex // guards the fields below
	batch *batch
	spare *batch
	ended bool
}

// batch is events in their order, with the bytes of their messages.
type batch struct {
	events  []event
	bytes   []byte
	skipped int64 // events left out behind the others
}

// NewQueue returns an empty queue.
func NewQueue() *Queue {
	return &Queue{filled: make(chan struct{}, 1), closed: make(chan struct{}), batch: new(batch), spare: new(batch)}
}

// add copies an event, message and all, or leaves it out.
func (q *Queue) add(e *event) {
	if q.full.Load() {
		q.skipped.Add(1)
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	size := eventSize + len(e.frame)
	if len(q.batch.events) == 0 {
		select {
		case q.filled <- struct{}{}:
		default:
		}
	}
	if q.ended || !q.batch.fits(size) {
		q.full.Store(true)
		q.skipped.Add(1)
		return
	}
	q.batch.add(e)
}

// fits says whether there is room. An empty batch takes anything.
func (b *batch) fits(size int) bool {
	return len(b.events) == 0 || len(b.events)*eventSize+len(b.bytes)+size <= QueueSize
}

func (b *batch) add(e *event) {
	b.events = append(b.events, *e)
	if e.frame == nil {
		return
	}
	start := len(b.bytes)
	b.bytes = append(b.bytes, e.frame...)
	// The bytes may move when others are added; take sets this again.
	b.events[len(b.events)-1].frame = b.bytes[start:]
}

// take waits for events and returns them; more is false when no others will come.
// The batch is the caller's until the next call.
func (q *Queue) take() (b *batch, more bool) {
	select {
	case <-q.closed:
	case <-q.filled:
		q.rest(gather)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	b, more = q.batch, !q.ended
	q.spare.empty()
	q.batch, q.spare = q.spare, b
	q.full.Store(false)
	b.skipped = q.skipped.Swap(0)
	b.settle()
	return b, more
}

// rest waits, but no longer than until the queue is closed.
func (q *Queue) rest(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-q.closed:
	}
}

// settle points the events at their messages, which lie one behind the other.
func (b *batch) settle() {
	start := 0
	for i := range b.events {
		n := len(b.events[i].frame)
		if b.events[i].frame != nil {
			b.events[i].frame = b.bytes[start : start+n : start+n]
		}
		start += n
	}
}

func (b *batch) empty() {
	clear(b.events) // lets go of their paths
	b.events, b.bytes, b.skipped = b.events[:0], b.bytes[:0], 0
}

// Close says that no more will come: what does is left out.
func (q *Queue) Close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.ended {
		q.ended = true
		close(q.closed)
	}
}
