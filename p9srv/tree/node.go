package tree

import (
	"strings"
	"syscall"

	"fullex/device"
)

// nodeKind is the kind of a node. Its numbers are part of qid.path. They begin at 1, because no
// inode may be 0.
type nodeKind uint8

const (
	rootDir      nodeKind = iota + 1 // /
	eachDir                          // /each
	pidDir                           // /pid
	processDir                       // /pid/N
	deviceFile                       // a module's file, through any door
	ctlFile                          // /ctl
	kmsgFile                         // /kmsg
	modulesFile                      // /modules
	sessionsFile                     // /sessions
)

// door is the directory through which a device file is reached. It decides which opens count as
// the same client.
type door uint8

const (
	rootDoor    door = iota // /full_ex
	eachDoor                // /each/full_ex
	processDoor             // /pid/N/full_ex
)

// doorPaths has the paths of the doors.
var doorPaths = [...]string{rootDoor: "/", eachDoor: "/each", processDoor: "/pid"}

// Node names a file or directory of the tree. It is a comparable value. The tree keeps nothing
// for it, so a million nodes that clients walked to cost the tree nothing.
type Node struct {
	kind    nodeKind
	door    door
	file    uint16 // number of a device file
	process uint32 // N of /pid/N and below
	name    string // of a device file
	perm    uint16 // mode bits of a device file
}

// root is the node of an attach without aname.
var root = Node{kind: rootDir}

// Path returns qid.path, a different number for every node. So a device file has another inode
// through each door.
func (n Node) Path() uint64 {
	return uint64(n.kind)<<56 | uint64(n.door)<<48 | uint64(n.file)<<32 | uint64(n.process)
}

// IsDir reports whether the node is a directory.
func (n Node) IsDir() bool { return n.isDir() }

func (n Node) isDir() bool { return n.kind <= processDir }

// fixed maps names to the entries of the root that always exist.
var fixed = map[string]Node{
	"each":     {kind: eachDir, door: eachDoor},
	"pid":      {kind: pidDir, door: processDoor},
	"ctl":      {kind: ctlFile},
	"kmsg":     {kind: kmsgFile},
	"modules":  {kind: modulesFile},
	"sessions": {kind: sessionsFile},
}

const (
	// maxName is NAME_MAX of Linux, in bytes.
	maxName = 255
	// maxProcess is the largest process number: PID_MAX_LIMIT of 64-bit Linux
	// (include/linux/threads.h) less one.
	maxProcess = 4<<20 - 1
)

// rootDirs is the number of directories in fixed.
const rootDirs = 2

// walk returns the child with that name. It compares bytes and decodes nothing. It returns
// ENOENT if there is no such child, and ENOTDIR if n is a file.
func (n Node) walk(k *device.Kernel, name []byte) (Node, error) {
	if !n.isDir() {
		return Node{}, syscall.ENOTDIR
	}
	if n.kind == pidDir {
		return walkProcess(name)
	}
	if n.kind == rootDir {
		if child, ok := fixed[string(name)]; ok {
			return child, nil
		}
	}
	if file, ok := k.Lookup(string(name)); ok {
		return n.device(file), nil
	}
	return Node{}, syscall.ENOENT
}

// device returns the node of a device file in the directory n.
func (n Node) device(file device.FileInfo) Node {
	return Node{
		kind: deviceFile, door: n.door, process: n.process,
		file: file.Number, name: file.Name, perm: uint16(file.Mode.Perm()),
	}
}

// walkProcess returns the node of /pid/N. A name is 1..maxProcess in decimal without leading
// zeros, so each process has one name.
func walkProcess(name []byte) (Node, error) {
	if len(name) == 0 || len(name) > 7 || name[0] == '0' {
		return Node{}, syscall.ENOENT
	}
	n := uint32(0)
	for _, c := range name {
		if c < '0' || c > '9' {
			return Node{}, syscall.ENOENT
		}
		n = n*10 + uint32(c-'0')
	}
	if n > maxProcess {
		return Node{}, syscall.ENOENT
	}
	return processNode(n), nil
}

func processNode(n uint32) Node {
	return Node{kind: processDir, door: processDoor, process: n}
}

// client returns the client that opens this device file for a user. open is the number of the
// open if each open is its own client, and otherwise 0.
func (n Node) client(u *User, open uint64) device.Client {
	return device.Client{
		Identity: device.Identity{Peer: u.Peer, UID: u.UID, Process: n.process, Open: open},
		User:     &u.User,
		Door:     doorPaths[n.door],
	}
}

// IsDevice reports whether the node is a file of a module.
func (n Node) IsDevice() bool { return n.kind == deviceFile }

// IsText reports whether the node is a text file. The text files are the last kinds.
func (n Node) IsText() bool { return n.kind >= kmsgFile }

// IsControl reports whether the node is ctl.
func (n Node) IsControl() bool { return n.kind == ctlFile }

// String returns the path of the node.
func (n Node) String() string { return "/" + strings.Join(n.Names(), "/") }
