package p9srv

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// Of each message from Info up, a server logs so many lines a second. What
// peers do makes them, so that otherwise a peer could fill a disk.
const throttledLines = 10

// throttle is a log handler that drops lines above that rate and says with the
// next one how many were dropped. Debug lines pass: who asks for them wants
// them all.
type throttle struct {
	slog.Handler
	state *throttleState // shared by the handlers made with attributes
}

type throttleState struct {
	// mu guards lines.
	mu    sync.Mutex
	lines map[string]*lineCount // by message, which are constants of this package
}

// lineCount is what came of one message in the current second.
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

// admit says whether a line may be written, and how many were dropped before.
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
