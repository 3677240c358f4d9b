package contract

import (
	"strings"
	"syscall"
)

// Row says what a call does in a state. Rows are comparable.
type Row struct {
	Call, State, Result string        // the columns of the table
	Errno               syscall.Errno // errno of a refused call; else 0
	Star                bool          // the device differs from the original (package comment)
}

// The rows of the contract.
var (
	RowOpen        = Row{Call: "open", State: "this client has no session", Result: "a new session, uninitialised"}
	RowOpenTwice   = Row{Call: "open", State: "this client has one open", Result: "EACCES, the first is untouched", Errno: syscall.EACCES}
	RowWriteEmpty  = Row{Call: "write of 0 bytes", State: "any", Result: "EINVAL", Errno: syscall.EINVAL}
	RowCapacity    = Row{Call: "write of 1 byte, 1..100", State: "uninitialised", Result: "sets the capacity; returns 1"}
	RowCapacityBad = Row{Call: "write of 1 byte, 0 or above 100", State: "uninitialised", Result: "EINVAL", Errno: syscall.EINVAL}
	RowWriteNew    = Row{Call: "write of 2 bytes or more", State: "uninitialised", Result: "EACCES", Errno: syscall.EACCES}
	RowPush        = Row{Call: "write of 4 bytes", State: "room left", Result: "odd: pushed left, even: pushed right; returns 4"}
	RowFull        = Row{Call: "write of 4 bytes", State: "full", Result: "EACCES", Errno: syscall.EACCES}
	RowWriteSize   = Row{Call: "write of any other size", State: "initialised", Result: "EINVAL", Errno: syscall.EINVAL}
	RowReadEmpty   = Row{Call: "read of 0 bytes", State: "any", Result: "EINVAL", Errno: syscall.EINVAL}
	RowNothing     = Row{Call: "read", State: "uninitialised or empty", Result: "EACCES", Errno: syscall.EACCES}
	RowReadKept    = Row{Call: "read of more than 4 bytes", State: "not empty, before the end of what Linux 6.8 or later believes is written",
		Result: "ESPIPE, nothing is lost", Errno: syscall.ESPIPE, Star: true}
	RowPop       = Row{Call: "read of 4 bytes or more", State: "not empty", Result: "pops the leftmost; returns 4"}
	RowReadShort = Row{Call: "read of 1..3 bytes", State: "not empty", Result: "EINVAL, nothing is popped", Errno: syscall.EINVAL, Star: true}
	RowClose     = Row{Call: "close", Result: "frees the session; the next open starts anew"}
	RowUnload    = Row{Call: "any call after the module was unloaded", Result: "EIO; close works", Errno: syscall.EIO, Star: true}

	// The last three rows are about the file and about all calls.
	RowShared = Row{Call: "open fd used by a thread or a forked child", State: "any", Result: "works: the session belongs to the open file", Star: true}
	RowReply  = Row{Call: "any call", State: "any", Result: "returns at once, in its turn"}
	RowFile   = Row{Call: "the file", State: "any",
		Result: "regular, mode 0666, size 0; offsets, O_TRUNC, O_APPEND, O_CREAT, truncate and utimes change nothing"}
)

// Rows lists all rows. The first that fits a call decides.
var Rows = []Row{
	RowOpen, RowOpenTwice, RowWriteEmpty, RowCapacity, RowCapacityBad, RowWriteNew, RowPush, RowFull, RowWriteSize,
	RowReadEmpty, RowNothing, RowReadKept, RowPop, RowReadShort, RowClose, RowUnload, RowShared, RowReply, RowFile,
}

// String returns the row as a line of a table: "read of 0 bytes | any | EINVAL". If Star is
// set, " *" follows the call.
func (r Row) String() string {
	call := r.Call
	if r.Star {
		call += " *"
	}
	return strings.ReplaceAll(call+" | "+r.State+" | "+r.Result, "|  |", "| |")
}
