package conformance

import (
	"fmt"

	"fullex/tests/wire"
)

// orderDefects come from handling messages of a connection at the same time.
var orderDefects = []defect{
	{
		name:    "D6 Rflush before the reply that it is about",
		check:   flushOvertakes,
		symptom: "comes before the reply",
		tree:    func(n *naive) { n.holds = "read" },
	},
	{
		name:    "D7 a request with a tag in use is dropped",
		check:   tagInUse,
		symptom: "no reply",
		tree:    func(n *naive) { n.holds = "read" },
	},
	{
		name:    "D13 two opens of a fid at once both succeed",
		check:   twoOpens,
		symptom: "opened 2 times",
		tree:    func(n *naive) { n.holds = "open" },
		races:   true,
	},
	{
		name: "D19 what cannot be decoded is answered on another tag",
		check: func(s *subject) error {
			return s.talk(s.opened(), "> @7 Tread 1 0 4 cut:1\n< @7 Rlerror *")
		},
		symptom: "a reply with tag 65535",
	},
}

// flushOvertakes has many reads wait with a flush each, and looks at the order
// of all replies. That is a race, so it is tried until it shows.
func flushOvertakes(s *subject) error {
	for range 20 {
		if err := flushOnce(s); err != nil {
			return err
		}
	}
	return nil
}

func flushOnce(s *subject) error {
	const reads, flushes = 100, 1000 // the first tags of each
	const n = 200
	c := s.opened()
	var requests []string
	for i := range n {
		requests = append(requests, fmt.Sprintf("@%d Tread 1 0 4", reads+i))
	}
	for i := range n {
		requests = append(requests, fmt.Sprintf("@%d Tflush %d", flushes+i, reads+i))
	}
	if err := c.Send(requests...); err != nil {
		return err
	}
	s.waitHeld(n)
	s.release()
	seen := make(map[uint16]bool)
	for range requests {
		frame, err := c.Receive()
		if err != nil {
			return err
		}
		_, tag := wire.Decode(frame)
		seen[tag] = true
		if read := tag - flushes + reads; tag >= flushes && !seen[read] {
			return fmt.Errorf("the Rflush of tag %d comes before the reply", read)
		}
	}
	return c.Close()
}

// tagInUse sends a second request with the tag of one that waits. Both must be
// answered, at the latest when the first is done.
func tagInUse(s *subject) error {
	c := s.opened()
	if err := c.Send("@5 Tread 1 0 4"); err != nil {
		return err
	}
	s.waitHeld(1)
	const more = 10 // requests, so that the second with tag 5 was seen
	requests := []string{"@5 Tgetattr 0 0x7ff"}
	for i := range more {
		requests = append(requests, fmt.Sprintf("@%d Tgetattr 0 0x7ff", 100+i))
	}
	if err := c.Send(requests...); err != nil {
		return err
	}
	c.Patience = s.hang
	others := 0
	for replies := len(requests) + 1; replies > 0; replies-- {
		frame, err := c.Receive()
		if err != nil {
			return err
		}
		if _, tag := wire.Decode(frame); tag >= 100 {
			others++
		}
		if others == more {
			s.release()
		}
	}
	return nil
}

func twoOpens(s *subject) error {
	c := s.attached()
	if err := c.Talk("> Twalk 0 1 full_ex\n< Rwalk file:*"); err != nil {
		return err
	}
	if err := c.Send("Tlopen 1 O_RDWR", "Tlopen 1 O_RDWR"); err != nil {
		return err
	}
	s.waitHeld(2)
	s.release()
	opened := 0
	for range 2 {
		frame, err := c.Receive()
		if err != nil {
			return err
		}
		if err := (wire.Vars{}).Match("Rlopen ...", frame); err == nil {
			opened++
		}
	}
	if opened != 1 {
		return fmt.Errorf("opened %d times", opened)
	}
	return nil
}
