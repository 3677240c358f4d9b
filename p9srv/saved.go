package p9srv

import (
	"fullex/device"
	"fullex/p9srv/tree"
)

// Saved is what a frozen server holds. [Frozen.Save] makes it, and [Server.Restore] goes
// on with it in another process, which has the same file descriptors.
//
// The numbers in the tags name the fields in the encoded form, as in device.Saved: one is
// never used for another meaning, and a field that is missing is zero.
type Saved struct {
	Kernel   device.Saved     `cbor:"1,keyasint"`
	Tree     tree.Saved       `cbor:"2,keyasint"`
	Accepted uint64           `cbor:"3,keyasint"` // connections so far, which numbers them
	Users    []tree.SavedUser `cbor:"4,keyasint"`
	Conns    []SavedConn      `cbor:"5,keyasint"`
}

// SavedConn is one connection, between two messages.
type SavedConn struct {
	Descriptor int           `cbor:"1,keyasint"` // number of its file descriptor
	Number     uint64        `cbor:"2,keyasint"`
	Ours       bool          `cbor:"3,keyasint"` // no other part of the program has it
	Peer       SavedPeer     `cbor:"4,keyasint"`
	Msize      uint32        `cbor:"5,keyasint"` // bytes; 0: no version is agreed
	V9FS       bool          `cbor:"6,keyasint"` // the client is Linux's
	Attached   bool          `cbor:"7,keyasint"` // it has attached once
	FIDs       []SavedFID    `cbor:"8,keyasint"`
	Extents    []SavedExtent `cbor:"9,keyasint"`
	Folded     uint64        `cbor:"10,keyasint"` // as extents.folded
	Folds      uint32        `cbor:"11,keyasint"`
	In         []byte        `cbor:"12,keyasint"` // read and not answered
	Out        []byte        `cbor:"13,keyasint"` // replies that are not written
}

// SavedPeer is what the transport said of a connection's peer, which is never asked again:
// the process may have ended.
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
	StatFolds uint32         `cbor:"4,keyasint"` // as fid.statFolds
	Extent    bool           `cbor:"5,keyasint"` // it is one of the open files of an extent
	Pending   []SavedRead    `cbor:"6,keyasint"` // as followup.pending
}

// SavedRead is a read that the Linux client will ask for (followup.go).
type SavedRead struct {
	Offset uint64 `cbor:"1,keyasint"`
	Least  uint32 `cbor:"2,keyasint"` // count, in bytes
	Most   uint32 `cbor:"3,keyasint"`
}

// SavedExtent is how far a client may believe that one inode is written.
type SavedExtent struct {
	Path uint64 `cbor:"1,keyasint"` // qid.path
	End  uint64 `cbor:"2,keyasint"` // bytes
}
