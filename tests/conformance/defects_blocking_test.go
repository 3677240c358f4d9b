package conformance

import (
	"errors"
	"fmt"
	"time"

	"fullex/p9srv"
	"fullex/tests/wire"
)

// blockingDefects let one client stop itself or others for ever.
var blockingDefects = []defect{
	{
		name:    "D1 a Tremove while a read waits stops every connection",
		check:   removeStopsOthers,
		symptom: "another connection: Tgetattr 0 0x7ff: no reply",
		tree:    func(n *naive) { n.holds = "read" },
	},
	{
		name: "D2 a Tflush of its own tag is never answered",
		check: func(s *subject) error {
			return s.talk(s.opened(), "> @5 Tflush 5\n< @5 Rflush")
		},
		symptom: "no reply",
	},
	{
		name:    "D2 after that, nothing is freed at the end of the connection",
		check:   flushOfItselfLeaks,
		symptom: "a session is left",
	},
	{
		name:    "D3 a connection that ends during a read frees nothing",
		check:   endDuringRead,
		symptom: "a session is left",
		tree:    func(n *naive) { n.holds = "read" },
	},
	{
		name:    "D15 a slow close stops every message of the connection",
		check:   slowCloseStopsConnection,
		symptom: "no reply",
		tree:    func(n *naive) { n.holds = "close" },
	},
	{
		name:    "D25 a peer that does not read keeps everything for ever",
		check:   peerDoesNotRead,
		symptom: "a session is left",
		limits:  p9srv.Limits{WriteTimeout: 100 * time.Millisecond},
	},
}

func removeStopsOthers(s *subject) error {
	reader, remover, other := s.opened(), s.attached(), s.attached()
	if err := reader.Send("Tread 1 0 4"); err != nil {
		return err
	}
	s.waitHeld(1)
	if err := remover.Talk("> Twalk 0 1 each\n< Rwalk dir:*"); err != nil {
		return err
	}
	if err := remover.Send("Tremove 1"); err != nil {
		return err
	}
	remover.Patience, other.Patience = 20*time.Millisecond, s.hang
	const attempts = 100
	for range attempts { // until the removal is done, or waits for its lock
		_, err := remover.Receive()
		if _, err := other.Ask("Tgetattr 0 0x7ff"); err != nil {
			return fmt.Errorf("another connection: %w", err)
		}
		if err == nil {
			return nil
		}
	}
	return errors.New("the removal is not done and stops nobody")
}

func flushOfItselfLeaks(s *subject) error {
	c := s.opened()
	if err := c.Send("@5 Tflush 5"); err != nil {
		return err
	}
	if _, err := c.Ask("@6 Tgetattr 0 0x7ff"); errors.Is(err, wire.ErrNoReply) {
		return err
	}
	if err := c.Close(); err != nil {
		return err
	}
	return s.waitClosed()
}

func endDuringRead(s *subject) error {
	c := s.opened()
	if err := c.Send("Tread 1 0 4"); err != nil {
		return err
	}
	s.waitHeld(1)
	if err := c.Close(); err != nil {
		return err
	}
	return s.waitClosed()
}

func slowCloseStopsConnection(s *subject) error {
	c := s.opened()
	if err := c.Send("@1 Tclunk 1"); err != nil {
		return err
	}
	s.waitHeld(1)
	c.Patience = s.hang
	if err := c.Send("@2 Tgetattr 0 0x7ff"); err != nil {
		return err
	}
	for {
		frame, err := c.Receive()
		if err != nil {
			return err
		}
		if _, tag := wire.Decode(frame); tag == 2 {
			return nil
		}
	}
}

// peerDoesNotRead speaks over a pipe, which holds nothing: one reply that is
// not read is enough.
func peerDoesNotRead(s *subject) error {
	c := s.opened()
	if err := c.Send("Tgetattr 0 0x7ff"); err != nil {
		return err
	}
	return s.waitClosed()
}
