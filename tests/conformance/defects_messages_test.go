package conformance

// messageDefects are messages that the library answers wrongly, whatever else.
var messageDefects = []defect{
	{
		name: "D20 attach to a path answers the qid of the root",
		check: func(s *subject) error {
			return s.attached().Talk("> Twalk 0 1 each\n< Rwalk dir:$each\n> Tattach 2 NOFID \"\" /each NOUID\n< Rattach dir:$each")
		},
		symptom: `got "Rattach`,
	},
	{
		name: "D21 Tgetlock is not known",
		check: func(s *subject) error {
			return s.opened().Talk("> Tgetlock 1 1 0 0 1 host\n< Rgetlock 2 0 0 1 host")
		},
		symptom: `got "Rlerror EIO"`,
	},
	{
		name: "D24 messages of an extension that was not agreed",
		check: func(s *subject) error { // Twalkgetattr of "each"
			return s.attached().Talk(`> type:126 hex:0000000001000000 hex:01000400 "each"` + "\n< Rlerror EOPNOTSUPP")
		},
		symptom: `got "type:127`,
	},
}
