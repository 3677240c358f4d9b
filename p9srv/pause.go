package p9srv

import (
	"errors"
	"time"
)

// pause makes all waiting and later reads and writes of the socket return
// os.ErrDeadlineExceeded, until resume is called. It does not wait for them. Outside of the
// poller, a waiting read returns within idleTime.
func (s *socket) pause() error { return s.setPaused(true) }

// resume ends a pause. The deadlines that were set last apply again.
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

// unlessPausedLocked returns deadline, or during a pause one that has passed.
func (s *socket) unlessPausedLocked(deadline time.Time) time.Time {
	if s.paused {
		return past
	}
	return deadline
}

// pausedSince reports whether the socket is paused or was paused since the last call. If so,
// an os.ErrDeadlineExceeded may come from the pause.
func (s *socket) pausedSince() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	was := s.wasPaused
	s.wasPaused = s.paused
	return was
}

// descriptor returns the number of the socket's file descriptor. Nobody may read or write the
// socket at the same time.
func (s *socket) descriptor() (number int, err error) {
	if s.isOutside {
		return int(s.fd), nil
	}
	err = s.raw.Control(func(fd uintptr) { number = int(fd) })
	return number, err
}
