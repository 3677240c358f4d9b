package fusefs

import (
	"sync"
	"time"
)

// rarePause is the time from a log line to the next of its kind.
const rarePause = time.Second

// rare lets one log line of a kind through from time to time, whoever causes them and
// however many they are. Safe for concurrent use.
type rare struct {
	mu   sync.Mutex // guards last
	last time.Time
}

// isDue reports whether the line may be written now.
func (r *rare) isDue() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.last.IsZero() && time.Since(r.last) < rarePause {
		return false
	}
	r.last = time.Now()
	return true
}
