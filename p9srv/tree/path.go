package tree

import "strconv"

const (
	// FreeBit is the lowest of the 8 bits that qid.path of a device file leaves 0.
	FreeBit = 24

	processBits = 1<<FreeBit - 1
)

// RootPath is qid.path of the root.
var RootPath = root.Path()

// At returns the node of a qid.path. name returns the name of a device file by its
// number ([DeviceNumber]), "" for one that is unknown. At reports false where no node can
// have the path. Bits that the node's kind leaves 0 do not count, so a client may put a
// number of its own there: 8 bits of device files, from FreeBit on, and 56 of text files.
func At(path uint64, name func(number uint16) string) (Node, bool) {
	n := Node{kind: nodeKind(path >> 56)}
	switch n.kind {
	case rootDir:
		return root, true
	case processDir:
		n.door, n.process = processDoor, uint32(path)
		return n, 0 < n.process && n.process <= maxProcess
	case deviceFile:
		n.door, n.file, n.process = door(path>>48), uint16(path>>32), uint32(path)&processBits
		n.name = name(n.file)
		return n, n.name != "" && n.door <= processDoor && (n.door == processDoor) == (n.process != 0)
	}
	for _, f := range fixed {
		if f.kind == n.kind {
			return f, true
		}
	}
	return Node{}, false
}

// DeviceNumber returns the number of the device file that has a qid.path, and false for
// other files. No other name of this server ever has the number.
func DeviceNumber(path uint64) (uint16, bool) {
	return uint16(path >> 32), nodeKind(path>>56) == deviceFile
}

// Process returns N of /pid/N and what is below it, and otherwise 0.
func (n Node) Process() uint32 { return n.process }

// Names returns the names that lead from the root to the node.
func (n Node) Names() []string {
	for name, f := range fixed {
		if n == f {
			return []string{name}
		}
	}
	var names []string
	switch {
	case n.door == eachDoor:
		names = append(names, "each")
	case n.process != 0:
		names = append(names, "pid", strconv.FormatUint(uint64(n.process), 10))
	}
	if n.kind == deviceFile {
		names = append(names, n.name)
	}
	return names
}
