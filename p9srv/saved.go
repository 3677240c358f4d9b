package p9srv

import (
	"fullex/device"
	"fullex/p9srv/tree"
)

// Saved is the state of a frozen server. [Frozen.Save] returns it. [Server.Restore] takes it
// over in another process that has the same file descriptors.
//
// The numbers in the tags name the fields in the encoded form, as in device.Saved. A number
// never gets a second meaning, and a missing field is zero.
type Saved struct {
	Kernel   device.Saved     `cbor:"1,keyasint"`
	Tree     tree.Saved       `cbor:"2,keyasint"`
	Accepted uint64           `cbor:"3,keyasint"` // connections so far; numbers them
	Users    []tree.SavedUser `cbor:"4,keyasint"`
	Conns    []SavedConn      `cbor:"5,keyasint"`
}

// SavedConn is one connection, between two messages.
type SavedConn struct {
	Descriptor int           `cbor:"1,keyasint"` // number of its file descriptor
	Number     uint64        `cbor:"2,keyasint"`
	Ours       bool          `cbor:"3,keyasint"` // no other part of the program may close it
	Peer       SavedPeer     `cbor:"4,keyasint"`
	Msize      uint32        `cbor:"5,keyasint"` // bytes; 0: no version is agreed
	V9FS       bool          `cbor:"6,keyasint"` // the client is that of Linux
	Attached   bool          `cbor:"7,keyasint"` // the client has attached at least once
	FIDs       []SavedFID    `cbor:"8,keyasint"`
	Extents    []SavedExtent `cbor:"9,keyasint"`
	Folded     uint64        `cbor:"10,keyasint"` // extents.folded
	Folds      uint32        `cbor:"11,keyasint"` // extents.folds
	In         []byte        `cbor:"12,keyasint"` // bytes that were read but not answered
	Out        []byte        `cbor:"13,keyasint"` // replies that were not written
}

// SavedPeer is what the transport reported about the peer of a connection. A restore does not
// ask the transport again, as the peer's process may have ended.
type SavedPeer struct {
	Where   string `cbor:"1,keyasint"`
	Here    bool   `cbor:"2,keyasint"`
	Vouched bool   `cbor:"3,keyasint"`
	UID     uint32 `cbor:"4,keyasint"`
	Process string `cbor:"5,keyasint"`
}

// SavedFID is one fid of a connection.
type SavedFID struct {
	Number    uint32         `cbor:"1,keyasint"`
	User      int            `cbor:"2,keyasint"` // index in Saved.Users
	File      tree.SavedFile `cbor:"3,keyasint"`
	StatFolds uint32         `cbor:"4,keyasint"` // fid.statFolds
	Extent    bool           `cbor:"5,keyasint"` // it is an open file of an extent
	Pending   []SavedRead    `cbor:"6,keyasint"` // followup.pending
}

// SavedRead is a follow-up that the Linux client will send (followup.go).
type SavedRead struct {
	Offset uint64 `cbor:"1,keyasint"`
	Least  uint32 `cbor:"2,keyasint"` // least count, in bytes
	Most   uint32 `cbor:"3,keyasint"` // greatest count, in bytes
}

// SavedExtent is the size that a client may believe one inode to have.
type SavedExtent struct {
	Path uint64 `cbor:"1,keyasint"` // qid.path
	End  uint64 `cbor:"2,keyasint"` // bytes
}
