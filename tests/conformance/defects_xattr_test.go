package conformance

import (
	"fmt"
	"slices"
)

// xattrDefects are about extended attributes, which our server does not have.
var xattrDefects = []defect{
	{
		name:    "D16 clunk of an attribute closes the file it is of",
		check:   clunkOfAttribute,
		symptom: `got "Rlerror`,
		tree:    func(n *naive) { n.xattr = true },
	},
	{
		name:    "D17 an attribute that is missing",
		check:   func(s *subject) error { return xattrWalk(s, "user.none", "Rlerror ENODATA") },
		symptom: "Rlerror EINVAL",
	},
	{
		name:    "D17 an empty list of attributes",
		check:   func(s *subject) error { return xattrWalk(s, `""`, "Rxattrwalk 0") },
		symptom: "Rxattrwalk 1",
	},
	{
		name:    "D17 a read beyond the end of an attribute",
		check:   func(s *subject) error { return readAttribute(s, "2 100", `"lue"`) },
		symptom: `got "Rlerror EINVAL"`,
		tree:    func(n *naive) { n.xattr = true },
	},
	{
		name:    "D17 a read of an attribute at the last offset panics",
		check:   func(s *subject) error { return readAttribute(s, "0xffffffffffffffff 1", "hex:") },
		symptom: `got "Rlerror EFAULT"`,
		tree:    func(n *naive) { n.xattr = true },
	},
	{
		name: "D18 an attribute of any size is taken",
		check: func(s *subject) error {
			return s.opened().Talk("> Txattrcreate 1 user.x 0x4000000000000000 0\n< Rlerror *")
		},
		symptom: `got "Rxattrcreate"`,
	},
}

// unsupported is the answer of a server without attributes.
const unsupported = "Rlerror EOPNOTSUPP"

func clunkOfAttribute(s *subject) error {
	c := s.opened()
	for _, request := range []string{"Txattrwalk 1 5 user.x", "Tclunk 5"} {
		if _, err := c.Ask(request); err != nil {
			return err
		}
	}
	return c.Talk("> Twrite 1 0 hex:05\n< Rwrite 1")
}

func xattrWalk(s *subject, name, want string) error {
	reply, err := s.opened().Ask("Txattrwalk 1 5 " + name)
	if err == nil && !slices.Contains([]string{want, unsupported}, reply) {
		err = fmt.Errorf("got %s, want %s", reply, want)
	}
	return err
}

// readAttribute reads user.x, whose value is "value".
func readAttribute(s *subject, offsetAndCount, want string) error {
	c := s.opened()
	reply, err := c.Ask("Txattrwalk 1 5 user.x")
	if err != nil || reply == unsupported {
		return err
	}
	return c.Talk("> Tread 5 " + offsetAndCount + "\n< Rread " + want)
}
