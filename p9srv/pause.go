package p9srv

import (
	"errors"
	"time"
)

// pause ends the reads and writes of the socket that wait, and those to come, with
// os.ErrDeadlineExceeded, until resume. It waits for none of them. Outside of the poller
// reads end within idleTime.
func (s *socket) pause() error { return s.setPaused(true) }

// resume ends a pause. The deadlines are again those that were set last.
func (s *socket) resume() error { return s.setPaused(false) }

func (s *socket) setPaused(paused bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.paused, s.wasPaused = paused, s.wasPaused || paused
	if s.cutOff || s.conn == nil {
		return nil
	}
	return errors.Join(
		s.conn.SetReadDeadline(s.unlessPausedLocked(s.deadline)),
		s.conn.SetWriteDeadline(s.unlessPausedLocked(s.writeTime)))
}

// unlessPausedLocked returns a deadline, or one that has passed.
func (s *socket) unlessPausedLocked(deadline time.Time) time.Time {
	if s.paused {
		return past
	}
	return deadline
}

// pausedSince reports whether the socket is or was paused since the last call. A deadline
// that seems to have passed may be that of the pause then.
func (s *socket) pausedSince() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	was := s.wasPaused
	s.wasPaused = s.paused
	return was
}

// descriptor returns the number of the socket's file descriptor. Nobody may use the socket
// meanwhile.
func (s *socket) descriptor() (number int, err error) {
	if s.isOutside {
		return int(s.fd), nil
	}
	err = s.raw.Control(func(fd uintptr) { number = int(fd) })
	return number, err
}
