package device

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// source says who causes lines of a log. The zero source is the system itself. It
// is comparable.
type source struct {
	kind  sourceKind
	uid   uint32 // of a verified user; else 0
	opens bool   // for lines about opens and closes only
}

type sourceKind uint8

const (
	system     sourceKind = iota
	verified              // one verified user
	unverified            // all users that are not verified, together
	others                // all users that come while there are maxShares shares, together
)

// source returns the source of the lines that a user causes.
func (u *User) source() source {
	if !u.Vouched {
		return source{kind: unverified}
	}
	return source{kind: verified, uid: u.UID}
}

// String returns the name of the source for a log line.
func (s source) String() string {
	name := map[sourceKind]string{system: "the system", verified: fmt.Sprintf("uid %d", s.uid), unverified: "unverified users", others: "other users"}[s.kind]
	if s.opens {
		name += ", opens and closes,"
	}
	return name
}

// share limits how many lines a second one source may add to the log. While the
// source adds none, a reserve fills up for later. Log.mu guards it.
type share struct {
	source  source
	left    float64   // how many lines the source could add at the time "since"
	since   time.Time // when left was computed
	dropped int       // lines dropped and not reported yet

	forgotten bool // it was removed from Log.shares
}

const (
	shareRate    = 8  // lines a second
	shareReserve = 64 // lines at once, at most
	maxShares    = 1024
)

// take reports whether the source may add a line now, and counts that line.
func (s *share) take(now time.Time) bool {
	s.left = min(s.left+now.Sub(s.since).Seconds()*shareRate, shareReserve)
	s.since = now
	if s.left < 1 {
		return false
	}
	s.left--
	return true
}

// full reports whether the reserve is full again.
func (s *share) full(now time.Time) bool {
	return s.left+now.Sub(s.since).Seconds()*shareRate >= shareReserve
}

// shareLocked returns the share of a source. If there is no room for one more share, it
// returns the share of the source others.
func (l *Log) shareLocked(from source, now time.Time) *share {
	if s := l.shares[from]; s != nil {
		return s
	}
	if len(l.shares) >= maxShares {
		l.forgetFullLocked(now)
	}
	if len(l.shares) >= maxShares {
		from = source{kind: others} // the only share above maxShares
		if s := l.shares[from]; s != nil {
			return s
		}
	}
	s := &share{source: from, left: shareReserve, since: now}
	l.shares[from] = s
	return s
}

// forgetFullLocked makes room for a share. It removes each share with a full reserve,
// which is the same as a new one. Before that it reports the dropped lines.
func (l *Log) forgetFullLocked(now time.Time) {
	for _, s := range l.droppedLocked() {
		if s.full(now) {
			l.reportDroppedLocked(s, now)
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

// droppedLocked returns the shares with dropped lines to report, sorted by name.
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
