package device

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// source is who causes lines of a log: the zero source is the system itself. It
// is comparable.
type source struct {
	kind  sourceKind
	uid   uint32 // of a verified user
	opens bool   // the lines of opens and closes only
}

type sourceKind uint8

const (
	system     sourceKind = iota
	verified              // one user
	unverified            // all whom nobody vouches for
	others                // all for whom there is no room for a share of their own
)

// source is whose share of the log a user's lines take.
func (u *User) source() source {
	if !u.Vouched {
		return source{kind: unverified}
	}
	return source{kind: verified, uid: u.UID}
}

// String names the source in a log line.
func (s source) String() string {
	name := map[sourceKind]string{system: "the system", verified: fmt.Sprintf("uid %d", s.uid), unverified: "unverified users", others: "other users"}[s.kind]
	if s.opens {
		name += ", opens and closes,"
	}
	return name
}

// A share is how many lines a second one source may add to the log, with a
// reserve that fills while it is silent.
type share struct {
	source  source
	left    float64 // lines it may add now
	since   time.Time
	dropped int // since the last line that was added

	forgotten bool // it is in no table any more
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

// full says whether the share has its whole reserve again.
func (s *share) full(now time.Time) bool {
	return s.left+now.Sub(s.since).Seconds()*shareRate >= shareReserve
}

// shareLocked returns the share of a source.
func (l *Log) shareLocked(from source, now time.Time) *share {
	if s := l.shares[from]; s != nil {
		return s
	}
	if len(l.shares) >= maxShares {
		l.forgetFullLocked(now)
	}
	if len(l.shares) >= maxShares {
		from = source{kind: others} // one more than maxShares
		if s := l.shares[from]; s != nil {
			return s
		}
	}
	s := &share{source: from, left: shareReserve, since: now}
	l.shares[from] = s
	return s
}

// forgetFullLocked makes room: a share that is full again needs no memory. What
// was dropped of it is told first.
func (l *Log) forgetFullLocked(now time.Time) {
	for _, s := range l.droppedLocked() {
		if s.full(now) {
			l.tellDroppedLocked(s, now)
			l.forgetLocked(s)
		}
	}
	for _, s := range l.shares {
		if s.full(now) && s.dropped == 0 {
			l.forgetLocked(s)
		}
	}
}

func (l *Log) forgetLocked(s *share) {
	delete(l.shares, s.source)
	s.forgotten = true
}

// droppedLocked returns the shares of which lines were dropped, in a fixed
// order.
func (l *Log) droppedLocked() []*share {
	var list []*share
	for _, s := range l.shares {
		if s.dropped > 0 {
			list = append(list, s)
		}
	}
	slices.SortFunc(list, func(a, b *share) int {
		return strings.Compare(a.source.String(), b.source.String())
	})
	return list
}
