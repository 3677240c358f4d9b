package device

import "time"

// A share is how many lines a second one source may add to the log, with a
// reserve that fills while it is silent.
type share struct {
	left    float64 // lines it may add now
	since   time.Time
	dropped int // since the last line that was added
}

const (
	shareRate    = 8  // lines a second
	shareReserve = 64 // lines at once
	maxShares    = 1024
)

// take spends a line, if there is one.
func (s *share) take(now time.Time) bool {
	s.left = min(s.left+now.Sub(s.since).Seconds()*shareRate, shareReserve)
	s.since = now
	if s.left < 1 {
		return false
	}
	s.left--
	return true
}

// shareLocked returns the share of a source. Shares that are full again need
// no memory.
func (l *Log) shareLocked(source string, now time.Time) *share {
	s := l.shares[source]
	if s != nil {
		return s
	}
	if len(l.shares) >= maxShares {
		for name, old := range l.shares {
			if old.dropped == 0 && now.Sub(old.since).Seconds()*shareRate >= shareReserve {
				delete(l.shares, name)
			}
		}
	}
	if len(l.shares) >= maxShares {
		source = "" // too many users at a time share one
		if s := l.shares[source]; s != nil {
			return s
		}
	}
	s = &share{left: shareReserve, since: now}
	l.shares[source] = s
	return s
}
