package trace

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// gate is an output whose writes wait until it is opened.
type gate struct {
	open    chan struct{}
	blocked chan struct{} // closed when the first write waits
	bytes.Buffer
	waited bool
}

func newGate() *gate { return &gate{open: make(chan struct{}), blocked: make(chan struct{})} }

func (g *gate) Write(p []byte) (int, error) {
	if !g.waited {
		g.waited = true
		close(g.blocked)
	}
	<-g.open
	return g.Buffer.Write(p)
}

// print starts a printer. The channel gets the result of Print.
func print(q *Queue, out *gate) <-chan error {
	printed := make(chan error, 1)
	go func() { printed <- Printer{Out: out}.Print(q) }()
	return printed
}

func TestTrafficDoesNotWaitForTheOutput(t *testing.T) {
	q, out := NewQueue(), newGate()
	printed := print(q, out)
	q.add(&event{note: "first"})
	<-out.blocked
	const many = 100_000
	for range many {
		q.add(&event{note: "x"})
	}
	q.Close()
	close(out.open)
	require.NoError(t, <-printed)
	text := out.String()
	shown := strings.Count(text, "-- x\n")
	assert.Greater(t, shown, 1000)
	assert.Less(t, shown, many)
	assert.LessOrEqual(t, shown, QueueSize/eventSize)
	assert.Contains(t, text, "-- first\n")
	assert.Regexp(t, `\.\.\. \d+ messages are not shown: the output was too slow\n$`, text)
}

func TestEventsAfterTheEndOfAQueueAreLeftOut(t *testing.T) {
	q := NewQueue()
	q.add(&event{note: "x"})
	q.Close()
	q.Close()
	q.add(&event{note: "late"})
	b, more := q.take()
	assert.False(t, more)
	assert.Len(t, b.events, 1)
	assert.EqualValues(t, 1, b.skipped)
}

// broken is an output whose writes fail.
type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, assert.AnError }

func TestTrafficGoesOnWhenTheOutputFails(t *testing.T) {
	q := NewQueue()
	printed := make(chan error, 1)
	go func() { printed <- Printer{Out: broken{}}.Print(q) }()
	for range 100_000 {
		q.add(&event{note: "x"})
	}
	q.Close()
	assert.ErrorIs(t, <-printed, assert.AnError)
}
