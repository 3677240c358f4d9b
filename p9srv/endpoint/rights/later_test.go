package rights

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCloserMakesAllClosesInFewThreads(t *testing.T) {
	const extra = 10
	var c closer
	started, gate, closed := make(chan struct{}), make(chan struct{}), make(chan struct{})
	for range maxThreads + maxWaiting + extra {
		c.later(func() error {
			started <- struct{}{}
			<-gate
			closed <- struct{}{}
			return nil
		})
	}
	for range maxThreads {
		<-started
	}
	assert.True(t, c.full(), "the other closes are waiting")
	select {
	case <-started:
		t.Fatal("too many threads")
	default:
	}
	close(gate)
	for left := maxWaiting + extra + maxThreads; left > 0; {
		select {
		case <-started:
		case <-closed:
			left--
		}
	}
	require.False(t, c.full())
}
