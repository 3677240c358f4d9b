package caller

import (
	"errors"
	"syscall"

	"fullex/cmd/fullex/internal/target"
)

// request is what a process is asked to do. Its reply, with the same number, comes when
// the call has returned.
type request struct {
	ID     uint64
	Route  []int  `json:",omitempty"` // to the process that is meant: a child of the first one, a child of that, and so on
	Thread int    `json:",omitempty"` // which thread makes the call; each number is one
	Op     string // one of those below
	Path   string `json:",omitempty"` // within the target
	Handle int    `json:",omitempty"` // of an open file
	Flags  int    `json:",omitempty"`
	Data   []byte `json:",omitempty"` // to write
	Count  int    `json:",omitempty"` // bytes to read
	Offset int64  `json:",omitempty"`
}

// What a process can be asked for.
const (
	opTarget   = "target"    // the target is the one that Path names: its Device, and PID
	opOpen     = "open"      // of Path: N is a handle
	opStat     = "stat"      // of Path: Entry
	opList     = "list"      // of Path: Entries
	opNature   = "nature"    // of Path: Nature
	opTruncate = "truncate"  // of Path
	opTouch    = "touch"     // of Path
	opRead     = "read"      // N and Data
	opWrite    = "write"     // N
	opReadAt   = "pread"     // N and Data
	opWriteAt  = "pwrite"    // N
	opSubmit   = "io_submit" // N and Data of a read
	opSend     = "sendfile"  // N and Data
	opClose    = "close"     //
	opStart    = "start"     // a child: N is its number
	opFork     = "fork"      // likewise, with Handle open
	opInherit  = "inherit"   // the open file that the process was started with: N is a handle
	opKill     = "kill"      // by its parent, who is asked
)

// reply is what came of a request.
type reply struct {
	ID      uint64
	N       int            `json:",omitempty"`
	Data    []byte         `json:",omitempty"`
	Device  string         `json:",omitempty"`
	PID     int            `json:",omitempty"` // of the process
	Entry   target.Entry   `json:",omitzero"`
	Entries []target.Entry `json:",omitempty"`
	Nature  target.Nature  `json:",omitzero"`
	Err     *failure       `json:",omitempty"`
}

// failure is an error, at both ends.
type failure struct {
	Text  string
	Errno syscall.Errno // 0: there is none in it
}

// failed makes a failure of an error, and none of nil.
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
