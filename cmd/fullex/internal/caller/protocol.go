package caller

import (
	"errors"
	"syscall"

	"fullex/cmd/fullex/internal/target"
)

// request asks a process for a call. The reply, with the same ID, comes when the call has
// returned.
type request struct {
	ID     uint64
	Route  []int  `json:",omitempty"` // numbers of a child, of a child of that, and so on; empty: the first process
	Thread int    `json:",omitempty"` // number of the thread that makes the call
	Op     string // one of the constants below
	Path   string `json:",omitempty"` // within the target
	Handle int    `json:",omitempty"` // of an open file
	Flags  int    `json:",omitempty"`
	Data   []byte `json:",omitempty"` // to write
	Count  int    `json:",omitempty"` // bytes to read
	Offset int64  `json:",omitempty"`
}

// The calls, and what their replies contain. Those from opRead to opClose use Handle.
const (
	opTarget   = "target"    // open the target that Path names; Device, PID
	opOpen     = "open"      // open Path; N is the handle
	opStat     = "stat"      // stat Path; Entry
	opList     = "list"      // list Path; Entries
	opNature   = "nature"    // describe Path; Nature
	opTruncate = "truncate"  // truncate Path
	opTouch    = "touch"     // touch Path
	opRead     = "read"      // N, Data
	opWrite    = "write"     // N
	opReadAt   = "pread"     // N, Data
	opWriteAt  = "pwrite"    // N
	opSubmit   = "io_submit" // N, Data
	opSend     = "sendfile"  // N, Data
	opClose    = "close"
	opStart    = "start"   // start a child; N is its number
	opFork     = "fork"    // start a child that inherits Handle; N is its number
	opInherit  = "inherit" // use the file that the process inherited; N is the handle
	opKill     = "kill"    // kill the child at the end of Route; its parent replies
)

// reply is the result of a request.
type reply struct {
	ID      uint64
	N       int            `json:",omitempty"`
	Data    []byte         `json:",omitempty"`
	Device  string         `json:",omitempty"`
	PID     int            `json:",omitempty"` // of the process that replies
	Entry   target.Entry   `json:",omitzero"`
	Entries []target.Entry `json:",omitempty"`
	Nature  target.Nature  `json:",omitzero"`
	Err     *failure       `json:",omitempty"`
}

// failure is an error in a reply.
type failure struct {
	Text  string
	Errno syscall.Errno // 0: the error wraps no errno
}

// failed returns the failure for an error, or nil for nil.
func failed(err error) *failure {
	if err == nil {
		return nil
	}
	errno, _ := errors.AsType[syscall.Errno](err)
	return &failure{err.Error(), errno}
}

// Error implements error.
func (f *failure) Error() string { return f.Text }

// Unwrap returns the errno.
func (f *failure) Unwrap() error {
	if f.Errno == 0 {
		return nil
	}
	return f.Errno
}
