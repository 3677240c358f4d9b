package conformance

import (
	"errors"
	"fmt"

	"fullex/p9srv"
)

// fidDefects are about fids: what becomes of one in use, and of all.
var fidDefects = []defect{
	{
		name: "D10 fids survive a second Tversion",
		check: func(s *subject) error {
			return s.opened().Talk("> Tversion 65536 9P2000.L\n< Rversion 65536 9P2000.L\n> Tclunk 1\n< Rlerror *")
		},
		symptom: `got "Rclunk"`,
	},
	{
		name: "D10 sessions survive a second Tversion",
		check: func(s *subject) error {
			if err := s.opened().Talk("> Tversion 65536 9P2000.L\n< Rversion 65536 9P2000.L"); err != nil {
				return err
			}
			return s.waitClosed()
		},
		symptom: "a session is left",
	},
	{
		name:    "D14 a Twalk replaces an open file",
		check:   func(s *subject) error { return replaced(s, "Twalk 0 1 full_ex") },
		symptom: `want "Rread int:6"`,
	},
	{
		name:    "D14 a Tattach replaces an open file",
		check:   func(s *subject) error { return replaced(s, `Tattach 1 NOFID "" "" NOUID`) },
		symptom: `want "Rread int:6"`,
	},
	{
		name:    "D14 a Txattrwalk replaces an open file",
		check:   func(s *subject) error { return replaced(s, "Txattrwalk 0 1 user.x") },
		symptom: `want "Rread int:6"`,
		tree:    func(n *naive) { n.xattr = true },
	},
	{
		name:    "D23 NOFID is a fid",
		check:   func(s *subject) error { return s.attached().Talk("> Twalk 0 NOFID\n< Rlerror EINVAL") },
		symptom: `got "Rwalk"`,
	},
	{
		name:    "D23 fids without limit",
		check:   manyFids,
		symptom: "1000 fids",
		limits:  p9srv.Limits{FIDs: 500},
	},
	{
		name:    "D24 nobody tells who attaches",
		check:   twoUsers,
		symptom: `got "Rlerror EACCES"`,
		tree:    func(n *naive) { n.oneClient = true },
	},
}

// replaced makes fid 1 again while it is an open device with a value.
func replaced(s *subject, request string) error {
	c := s.opened()
	if err := c.Talk("> Twrite 1 0 hex:05\n< Rwrite 1\n> Twrite 1 0 int:6\n< Rwrite 4"); err != nil {
		return err
	}
	if _, err := c.Ask(request); err != nil {
		return err
	}
	return c.Talk("> Tread 1 0 4\n< Rread int:6")
}

func manyFids(s *subject) error {
	c := s.attached()
	for fid := 1; fid <= 1000; fid++ {
		reply, err := c.Ask(fmt.Sprintf("Twalk 0 %d", fid))
		if err != nil {
			return err
		}
		if reply == "Rlerror EMFILE" {
			return nil
		}
	}
	return errors.New("1000 fids")
}

// twoUsers opens the device for two users of a connection.
func twoUsers(s *subject) error {
	return s.connect().Talk(`
		> Tversion 65536 9P2000.L
		< Rversion 65536 9P2000.L
		> Tattach 0 NOFID "" "" 1000
		< Rattach dir:*
		> Tattach 10 NOFID "" "" 1001
		< Rattach dir:*
		> Twalk 0 1 full_ex
		< Rwalk file:*
		> Twalk 10 11 full_ex
		< Rwalk file:*
		> Tlopen 1 O_RDWR
		< Rlopen file:* *
		> Tlopen 11 O_RDWR
		< Rlopen file:* *
	`)
}
