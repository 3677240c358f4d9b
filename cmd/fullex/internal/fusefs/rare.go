package fusefs

import (
	"sync"
	"time"
)

// rarePause is the time from a log line to the next of its kind.
const rarePause = time.Second

// rare limits the log lines of one kind to one in rarePause. Safe for concurrent use.
type rare struct {
	mu   sync.Mutex // guards last
	last time.Time
}

// isDue reports whether a line may be written now. After true it counts as written.
func (r *rare) isDue() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.last.IsZero() && time.Since(r.last) < rarePause {
		return false
	}
	r.last = time.Now()
	return true
}
