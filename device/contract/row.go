package contract

import (
	"slices"
	"strings"
	"syscall"
)

// Row says what a call does in a state. Rows are comparable.
type Row struct {
	Name                string        // short and unique: "read-short"
	Call, State, Result string        // the columns of the table
	Errno               syscall.Errno // errno of a refused call; else 0
	Star                bool          // the device differs from the original (package comment)
	Part                string        // "": the whole line of the table; else which part of it, as "of more than 4 bytes"
}

// The rows of the contract.
var (
	RowOpen        = Row{Name: "open", Call: "open", State: "this client has no session", Result: "a new session, uninitialised"}
	RowOpenTwice   = Row{Name: "open-again", Call: "open", State: "this client has one open", Result: "EACCES, the first is untouched", Errno: syscall.EACCES}
	RowWriteEmpty  = Row{Name: "write-0", Call: "write of 0 bytes", State: "any", Result: "EINVAL", Errno: syscall.EINVAL}
	RowCapacity    = Row{Name: "capacity", Call: "write of 1 byte, 1..100", State: "uninitialised", Result: "sets the capacity; returns 1"}
	RowCapacityBad = Row{Name: "capacity-refused", Call: "write of 1 byte, 0 or above 100", State: "uninitialised", Result: "EINVAL", Errno: syscall.EINVAL}
	RowWriteNew    = Row{Name: "write-before-capacity", Call: "write of 2 bytes or more", State: "uninitialised", Result: "EACCES", Errno: syscall.EACCES}
	RowPush        = Row{Name: "push", Call: "write of 4 bytes", State: "room left", Result: "odd: pushed left, even: pushed right; returns 4"}
	RowFull        = Row{Name: "write-full", Call: "write of 4 bytes", State: "full", Result: "EACCES", Errno: syscall.EACCES}
	RowWriteSize   = Row{Name: "write-other-size", Call: "write of any other size", State: "initialised", Result: "EINVAL", Errno: syscall.EINVAL}
	RowReadEmpty   = Row{Name: "read-0", Call: "read of 0 bytes", State: "any", Result: "EINVAL", Errno: syscall.EINVAL}
	RowNothing     = Row{Name: "read-empty", Call: "read", State: "uninitialised or empty", Result: "EACCES", Errno: syscall.EACCES}
	RowReadKept    = Row{Name: "read-kept", Call: "read of more than 4 bytes", State: "not empty, before the end of what Linux 6.8 or later believes is written",
		Result: "ESPIPE, nothing is lost", Errno: syscall.ESPIPE, Star: true}
	RowPop       = Row{Name: "pop", Call: "read of 4 bytes or more", State: "not empty", Result: "pops the leftmost; returns 4"}
	RowReadShort = Row{Name: "read-short", Call: "read of 1..3 bytes", State: "not empty", Result: "EINVAL, nothing is popped", Errno: syscall.EINVAL, Star: true}
	RowClose     = Row{Name: "close", Call: "close", Result: "frees the session; the next open starts anew"}
	RowUnload    = Row{Name: "unload", Call: "any call after the module was unloaded", Result: "EIO; close works", Errno: syscall.EIO, Star: true}

	// The last three rows are about the file and about all calls.
	RowShared = Row{Name: "shared", Call: "open fd used by a thread or a forked child", State: "any", Result: "works: the session belongs to the open file", Star: true}
	RowReply  = Row{Name: "reply", Call: "any call", State: "any", Result: "returns at once, in its turn"}
	RowFile   = Row{Name: "file", Call: "the file", State: "any",
		Result: "regular, mode 0666, size 0; offsets, O_TRUNC, O_APPEND, O_CREAT, truncate and utimes change nothing"}
)

// Parts of rows, for contracts that treat them differently. Each has the columns of its row.
var (
	RowReadNew      = RowNothing.part("read-before-capacity", "before there is a capacity")
	RowNothingSizes = RowNothing.part("read-empty-other-size", "of another size than 4, on an empty deque")
	RowPopLong      = RowPop.part("read-long", "of more than 4 bytes")
)

func (r Row) part(name, part string) Row {
	r.Name, r.Part = name, part
	return r
}

// RowsAndParts lists all rows. The first that fits a call decides. Parts stand after their rows,
// and decide before them.
var RowsAndParts = []Row{
	RowOpen, RowOpenTwice, RowWriteEmpty, RowCapacity, RowCapacityBad, RowWriteNew, RowPush, RowFull, RowWriteSize,
	RowReadEmpty, RowNothing, RowReadNew, RowNothingSizes, RowReadKept, RowPop, RowPopLong, RowReadShort,
	RowClose, RowUnload, RowShared, RowReply, RowFile,
}

// Rows lists the rows without the parts.
var Rows = slices.DeleteFunc(slices.Clone(RowsAndParts), func(r Row) bool { return r.Part != "" })

// String returns the row as a line of a table: "read of 0 bytes | any | EINVAL". If Star is
// set, " *" follows the call.
func (r Row) String() string {
	call := r.Call
	if r.Star {
		call += " *"
	}
	return strings.ReplaceAll(call+" | "+r.State+" | "+r.Result, "|  |", "| |")
}
