package tree

import "strconv"

const (
	// FreeBit is the lowest of the 8 bits that are 0 in every qid.path of a device file.
	FreeBit = 24

	processBits = 1<<FreeBit - 1
)

// RootPath is the qid.path of the root.
var RootPath = root.Path()

// At returns the node with that qid.path, and false if no node can have it. The function name
// returns the name of the device file with a number ([DeviceNumber]), or "" if it is unknown.
//
// At ignores the bits that are 0 for every node of the same kind. A client may use these for
// a number of its own: 8 bits of device files, from FreeBit on, and 56 bits of text files.
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

// DeviceNumber returns the number of the device file with that qid.path. It returns false for
// the path of another file. In one server, different names never have the same number.
func DeviceNumber(path uint64) (uint16, bool) {
	return uint16(path >> 32), nodeKind(path>>56) == deviceFile
}

// Process returns N for /pid/N and the files below it, and 0 for other nodes.
func (n Node) Process() uint32 { return n.process }

// Names returns the names on the path from the root to the node.
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
