package deadline

import (
	"context"
	"fmt"
	"io"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestPassedUnseenNeedsADeadlineErrorThatCameLate(t *testing.T) {
	exceeded := fmt.Errorf("read: %w", os.ErrDeadlineExceeded)
	for _, test := range []struct {
		err  error
		late time.Duration
		want bool
	}{
		{exceeded, 2 * LateBy, true},
		{exceeded, LateBy / 2, false},
		{exceeded, -time.Hour, false},
		{io.EOF, 2 * LateBy, false},
		{nil, 2 * LateBy, false},
	} {
		assert.Equal(t, test.want, PassedUnseen(test.err, time.Now().Add(-test.late)), "%v, %v late", test.err, test.late)
	}
	assert.False(t, PassedUnseen(exceeded, time.Time{}), "no deadline was set")
}

func TestSleepEndsWithItsContext(t *testing.T) {
	start := time.Now()
	assert.NoError(t, Sleep(t.Context(), time.Millisecond))
	assert.GreaterOrEqual(t, time.Since(start), time.Millisecond)
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(io.EOF)
	assert.ErrorIs(t, Sleep(ctx, time.Hour), context.Canceled)
}
