package p9srv

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// throttledLines is how many lines with the same text a server logs in a second, from level
// Info up. Peers cause these lines. Without the limit, a peer could fill a disk.
const throttledLines = 10

// throttle is a log handler that drops lines above that rate. The next line with the same
// text says how many were dropped. throttle passes on all lines at level Debug.
type throttle struct {
	slog.Handler
	state *throttleState // shared by all handlers that WithAttrs and WithGroup return
}

type throttleState struct {
	// mu guards lines.
	mu    sync.Mutex
	lines map[string]*lineCount // by text; the texts are constants of this package
}

// lineCount counts the lines with one text in the current second.
type lineCount struct {
	second  time.Time
	written int
	dropped int
}

func newThrottle(h slog.Handler) *throttle {
	return &throttle{h, &throttleState{lines: make(map[string]*lineCount)}}
}

// Handle implements slog.Handler.
func (t *throttle) Handle(ctx context.Context, r slog.Record) error {
	if r.Level < slog.LevelInfo {
		return t.Handler.Handle(ctx, r)
	}
	dropped, ok := t.state.admit(r.Message, r.Time)
	if !ok {
		return nil
	}
	if dropped > 0 {
		r = r.Clone()
		r.AddAttrs(slog.Int("dropped", dropped))
	}
	return t.Handler.Handle(ctx, r)
}

// admit reports whether a line may be written, and how many were dropped since the last
// line that was written.
func (s *throttleState) admit(message string, now time.Time) (dropped int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.lines[message]
	if c == nil {
		c = &lineCount{second: now}
		s.lines[message] = c
	}
	if now.Sub(c.second) >= time.Second {
		c.second, c.written = now, 0
	}
	if c.written >= throttledLines {
		c.dropped++
		return 0, false
	}
	c.written++
	dropped, c.dropped = c.dropped, 0
	return dropped, true
}

// WithAttrs implements slog.Handler.
func (t *throttle) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &throttle{t.Handler.WithAttrs(attrs), t.state}
}

// WithGroup implements slog.Handler.
func (t *throttle) WithGroup(name string) slog.Handler {
	return &throttle{t.Handler.WithGroup(name), t.state}
}
