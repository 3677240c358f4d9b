package conformance

import "fmt"

// sizeDefects are about counts, msizes and names out of bounds.
var sizeDefects = []defect{
	{
		name:    "D8 a count above the msize panics",
		check:   func(s *subject) error { return readOf(s, "100000") },
		symptom: `got "Rlerror EFAULT"`,
	},
	{
		name:    "D8 a count of 4 MiB and more is an error",
		check:   func(s *subject) error { return readOf(s, "4194305") },
		symptom: `got "Rlerror ENOBUFS"`,
	},
	{
		name:    "D8 a count just below the msize makes a reply above it",
		check:   func(s *subject) error { return readOf(s, "65536") },
		symptom: "a frame of 65547 bytes, the msize is 65536",
		tree:    func(n *naive) { n.fills = true },
	},
	{
		name:    "D9 a read before Tversion panics",
		check:   readBeforeVersion,
		symptom: "Tread 1 0 4: Rlerror EFAULT",
	},
	{
		name:    "D11 an msize of one byte",
		check:   func(s *subject) error { return s.connect().Talk("> Tversion 1 9P2000.L\n< Rlerror EMSGSIZE") },
		symptom: `got "Rversion 1 9P2000.L"`,
	},
	{
		name:    "D22 a directory larger than the msize",
		check:   largeDirectory,
		symptom: "the msize is 4096",
		tree:    func(n *naive) { n.entries = directoryEntries },
	},
	{
		name: "D22 a count in which no entry fits looks like the end",
		check: func(s *subject) error {
			return s.attached().Talk("> Tlopen 0 O_RDONLY\n< Rlopen dir:* *\n> Treaddir 0 0 1\n< Rlerror EINVAL")
		},
		symptom: `got "Rreaddir"`,
		tree:    func(n *naive) { n.entries = 1 },
	},
	{
		name:    "D23 seventeen names",
		check:   func(s *subject) error { return walk(s, "a a a a a a a a a a a a a a a a a", "EINVAL") },
		symptom: `got "Rwalk`,
	},
	{
		name:    "D23 a name with a zero byte",
		check:   func(s *subject) error { return walk(s, `"full_ex\x00"`, "EINVAL") },
		symptom: `got "Rwalk`,
	},
	{
		name:    "D23 a name of 60,000 bytes",
		check:   func(s *subject) error { return walk(s, "repeat:60000:x", "ENAMETOOLONG") },
		symptom: `got "Rwalk`,
	},
}

// readOf reads a value with a count.
func readOf(s *subject, count string) error {
	return s.opened().Talk(`
		> Twrite 1 0 hex:05
		< Rwrite 1
		> Twrite 1 0 int:2
		< Rwrite 4
		> Tread 1 0 ` + count + `
		< Rread int:2
	`)
}

// readBeforeVersion does all that a client would, but for Tversion.
func readBeforeVersion(s *subject) error {
	c := s.connect()
	for _, request := range []string{
		`Tattach 0 NOFID "" "" NOUID`, "Twalk 0 1 full_ex", "Tlopen 1 O_RDWR", "Tread 1 0 4",
	} {
		reply, err := c.Ask(request)
		if err != nil {
			return err
		}
		if reply == "Rlerror EFAULT" {
			return fmt.Errorf("%s: %s", request, reply)
		}
	}
	return nil
}

// directoryEntries are more than a reply of 4096 bytes holds.
const directoryEntries = 200

func largeDirectory(s *subject) error {
	c := s.connect()
	if err := c.Talk("> Tversion 4096 9P2000.L\n< Rversion 4096 9P2000.L\n" +
		"> Tattach 0 NOFID \"\" \"\" NOUID\n< Rattach dir:*"); err != nil {
		return err
	}
	for fid := 1; fid <= directoryEntries; fid++ {
		for _, request := range []string{"Twalk 0 %d pid %d full_ex", "Tlopen %d O_RDWR # %d"} {
			if _, err := c.Ask(fmt.Sprintf(request, fid, 1_000_000+fid)); err != nil {
				return err
			}
		}
	}
	return c.Talk(`
		> Twalk 0 1000 pid
		< Rwalk dir:*
		> Tlopen 1000 O_RDONLY
		< Rlopen dir:* *
		> Treaddir 1000 0 0xffffffff
		< Rreaddir ...
		> Treaddir 1000 0 4096
		< Rreaddir ...
	`)
}

func walk(s *subject, names, errno string) error {
	return s.attached().Talk("> Twalk 0 1 " + names + "\n< Rlerror " + errno)
}
