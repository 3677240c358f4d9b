package trace

import (
	"sync"
	"sync/atomic"
	"time"
)

// QueueSize is how much may wait to be printed, in bytes. A terminal needs some seconds for
// that.
const QueueSize = 8 << 20

const (
	// eventSize is about how much an event takes without its message, in bytes.
	eventSize = 192
	// maxShown is the size of the largest message that is shown with its fields, in bytes.
	maxShown = 128 << 10
)

// gather is how long the first event of a batch waits for others. Nobody sees the delay, and
// it saves most wake-ups of the printer.
const gather = 20 * time.Millisecond

// Queue has the events that wait to be printed. While it is full, it counts events instead
// of adding them. So a stopped terminal does not stop the clients of a server. A [Recorder]
// is for records that must be complete. Queue is safe for concurrent use.
type Queue struct {
	filled chan struct{} // has an element if the batch is not empty
	closed chan struct{}

	// While the queue is full, add takes neither the lock nor a copy. With 64 requests in
	// flight the queue is full most of the time.
	full    atomic.Bool  // an event did not fit since the last take
	skipped atomic.Int64 // events left out since the last take

	mu    sync.Mutex // guards the fields below
	batch *batch
	spare *batch
	ended bool
}

// batch is a sequence of events.
type batch struct {
	events  []event
	bytes   []byte // the messages of the events, one after another
	skipped int64  // how many events were left out after these
}

// NewQueue returns an empty queue.
func NewQueue() *Queue {
	return &Queue{filled: make(chan struct{}, 1), closed: make(chan struct{}), batch: new(batch), spare: new(batch)}
}

// add copies an event and its message into the queue. If the queue is full or closed, it
// counts the event instead.
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

// fits reports whether there is room for size bytes. An empty batch has room for any event.
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
	// Later bytes may move these to another array; settle then sets the frame again.
	b.events[len(b.events)-1].frame = b.bytes[start:]
}

// take waits for events and returns them. more is false when no others will come. The
// caller may use the batch until the next call.
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

// rest waits for a time, or until the queue is closed.
func (q *Queue) rest(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-q.closed:
	}
}

// settle sets the frames of the events to their messages in bytes.
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
	clear(b.events) // so that their paths can be freed
	b.events, b.bytes, b.skipped = b.events[:0], b.bytes[:0], 0
}

// Close closes the queue. Later events are left out. Close may be called twice.
func (q *Queue) Close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.ended {
		q.ended = true
		close(q.closed)
	}
}
