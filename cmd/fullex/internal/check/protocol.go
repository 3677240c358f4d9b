package check

// request is what a worker process is asked to do: one JSON value on its standard
// input. Its reply, with the same number, comes when the call has returned.
type request struct {
	ID     uint64
	Child  int    `json:",omitempty"` // which of the worker's children is meant; 0: itself
	Thread int    `json:",omitempty"` // which thread makes the call; each number is one
	Op     string // one of those below
	Path   string `json:",omitempty"` // of the target, or within it
	Handle int    `json:",omitempty"` // of an open file
	Flags  int    `json:",omitempty"`
	Data   []byte `json:",omitempty"` // to write
	Count  int    `json:",omitempty"` // bytes to read
	Offset int64  `json:",omitempty"`
}

// What a worker can be asked for.
const (
	opTarget   = "target"   // the target is at Path; without a reply nothing else works
	opOpen     = "open"     // Path within the target; the reply's N is a handle
	opRead     = "read"     // N and Data
	opWrite    = "write"    // N
	opReadAt   = "pread"    // N and Data
	opWriteAt  = "pwrite"   // N
	opClose    = "close"    //
	opStat     = "stat"     // of Path: N is the size, Mode the mode
	opTruncate = "truncate" // of Path
	opTouch    = "touch"    // of Path
	opFork     = "fork"     // a child with Handle: N is the child, Process its number
	opInherit  = "inherit"  // the open file that the worker was started with: N is a handle
	opKill     = "kill"     // the child Handle
)

// reply is what came of a request.
type reply struct {
	ID      uint64
	N       int
	Data    []byte `json:",omitempty"`
	Mode    uint32 `json:",omitempty"`
	Process int    `json:",omitempty"`
	Errno   int    `json:",omitempty"` // of a call that was refused
	Text    string `json:",omitempty"` // why there is no result at all
}
