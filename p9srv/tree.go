package p9srv

import (
	"bytes"
	"strconv"
	"syscall"

	"fullex/device"
)

// nodeKind is what a node of the tree is. The numbers are part of qid.path and
// start at 1, as no inode is 0.
type nodeKind uint8

const (
	rootDir      nodeKind = iota + 1 // /
	eachDir                          // /each
	pidDir                           // /pid
	processDir                       // /pid/N
	deviceFile                       // a module's file, behind any door
	ctlFile                          // /ctl
	kmsgFile                         // /kmsg
	modulesFile                      // /modules
	sessionsFile                     // /sessions
)

// door is the way by which a device file is reached. It decides who the client
// of an open is.
type door uint8

const (
	plainDoor   door = iota // /full_ex
	eachDoor                // /each/full_ex
	processDoor             // /pid/N/full_ex
)

// doorPaths are the directories of the doors.
var doorPaths = [...]string{plainDoor: "/", eachDoor: "/each", processDoor: "/pid"}

// node is a place in the tree. It is a value: nothing is kept for a name that
// somebody walked, so a million of them cost nothing.
type node struct {
	kind    nodeKind
	door    door
	file    uint16 // number of a device file
	process uint32 // N of /pid/N and below
	name    string // of a device file
	perm    uint16 // mode bits of a device file
}

// root is where an attach without aname leads.
var root = node{kind: rootDir}

// path returns qid.path: another number for every node, so that each door has
// its own inode on the client.
func (n node) path() uint64 {
	return uint64(n.kind)<<56 | uint64(n.door)<<48 | uint64(n.file)<<32 | uint64(n.process)
}

func (n node) isDir() bool { return n.kind <= processDir }

// fixed are the nodes of the root that are always there, by name.
var fixed = map[string]node{
	"each":     {kind: eachDir, door: eachDoor},
	"pid":      {kind: pidDir, door: processDoor},
	"ctl":      {kind: ctlFile},
	"kmsg":     {kind: kmsgFile},
	"modules":  {kind: modulesFile},
	"sessions": {kind: sessionsFile},
}

// rootDirs is how many of them are directories.
const rootDirs = 2

// walk returns the child with that name. Names are bytes; none is changed or
// decoded. ENOENT if there is none, ENOTDIR below a file.
func (n node) walk(k *device.Kernel, name []byte) (node, error) {
	if !n.isDir() {
		return node{}, syscall.ENOTDIR
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
	return node{}, syscall.ENOENT
}

// device returns the node of a device file in a directory.
func (n node) device(file device.FileInfo) node {
	return node{
		kind: deviceFile, door: n.door, process: n.process,
		file: file.Number, name: file.Name, perm: uint16(file.Mode.Perm()),
	}
}

// walkProcess takes 1..maxProcess in plain decimal: one name a process.
func walkProcess(name []byte) (node, error) {
	if len(name) == 0 || len(name) > 7 || name[0] == '0' {
		return node{}, syscall.ENOENT
	}
	n := uint32(0)
	for _, c := range name {
		if c < '0' || c > '9' {
			return node{}, syscall.ENOENT
		}
		n = n*10 + uint32(c-'0')
	}
	if n > maxProcess {
		return node{}, syscall.ENOENT
	}
	return processNode(n), nil
}

func processNode(n uint32) node {
	return node{kind: processDir, door: processDoor, process: n}
}

// checkName says whether a name may be walked: walk(5) forbids the empty name
// and "/" in names. "." and ".." are the client's business: Linux resolves
// them itself, and a walk out of the attached directory is none of ours.
func checkName(name []byte) error {
	switch {
	case len(name) == 0, string(name) == ".", string(name) == "..":
		return syscall.EINVAL
	case bytes.IndexByte(name, '/') >= 0, bytes.IndexByte(name, 0) >= 0:
		return syscall.EINVAL
	case len(name) > maxName:
		return syscall.ENAMETOOLONG
	}
	return nil
}

// resolve returns the directory that an aname names: "", "/", "/each",
// "pid/7/". ENOENT or ENOTDIR otherwise.
func resolve(k *device.Kernel, aname []byte) (node, error) {
	at := root
	for name := range bytes.SplitSeq(bytes.Trim(aname, "/"), []byte("/")) {
		if len(name) == 0 && at == root {
			continue
		}
		if err := checkName(name); err != nil {
			return node{}, err
		}
		next, err := at.walk(k, name)
		if err != nil {
			return node{}, err
		}
		at = next
	}
	if !at.isDir() {
		return node{}, syscall.ENOTDIR
	}
	return at, nil
}

// client returns the client of an open of this device file by a user. open
// numbers the opens of the door that tells each apart.
func (n node) client(u *user, open func() uint64) device.Client {
	c := device.Client{
		Identity: device.Identity{Peer: u.peer, UID: u.UID, Process: n.process},
		User:     &u.User,
		Door:     doorPaths[n.door],
	}
	if n.door == eachDoor {
		c.Open = open()
	}
	return c
}

// String returns the path of the node, for log lines.
func (n node) String() string {
	for name, other := range fixed {
		if n == other {
			return "/" + name
		}
	}
	dir := ""
	switch n.door {
	case processDoor:
		dir = "/pid/" + strconv.FormatUint(uint64(n.process), 10)
	case eachDoor:
		dir = "/each"
	}
	if n.kind == deviceFile {
		return dir + "/" + n.name
	}
	if dir == "" {
		return "/"
	}
	return dir
}
