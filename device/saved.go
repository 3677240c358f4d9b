package device

import "time"

// Saved is what a [Kernel] holds beside its sessions. [Kernel.Save] makes it, and
// [Kernel.Restore] lets another process go on with it.
//
// The numbers in the tags name the fields in the encoded form. A number is never used for
// another meaning. A field that is missing in the encoded form is zero.
type Saved struct {
	Numbers map[string]uint16 `cbor:"1,keyasint"` // of every file there ever was; they are in qid.path
	Loaded  []string          `cbor:"2,keyasint"` // modules
	Modules map[string][]byte `cbor:"3,keyasint"` // what the modules that are Keepers saved
	Log     SavedLog          `cbor:"4,keyasint"`
}

// SavedLog is what a [Log] holds.
type SavedLog struct {
	Start  int64        `cbor:"1,keyasint"` // nanoseconds since 1970
	Next   uint64       `cbor:"2,keyasint"` // number of the next line
	Lines  []SavedLine  `cbor:"3,keyasint"` // those that are kept, by number
	Shares []SavedShare `cbor:"4,keyasint"`
}

// SavedLine is a line of a log, with its line end.
type SavedLine struct {
	Number uint64      `cbor:"1,keyasint"`
	Source SavedSource `cbor:"2,keyasint"`
	Text   string      `cbor:"3,keyasint"`
}

// SavedShare is the share that one source of lines has of the log's rate.
type SavedShare struct {
	Source  SavedSource `cbor:"1,keyasint"`
	Left    float64     `cbor:"2,keyasint"` // lines
	Since   int64       `cbor:"3,keyasint"` // nanoseconds since 1970
	Dropped int         `cbor:"4,keyasint"` // lines that nobody was told of yet
}

// SavedSource says who causes lines of a log.
type SavedSource struct {
	Kind  uint8  `cbor:"1,keyasint"`
	UID   uint32 `cbor:"2,keyasint"`
	Opens bool   `cbor:"3,keyasint"` // lines about opens and closes only
}

// SavedReader is where a [LogReader] has stopped.
type SavedReader struct {
	From   uint64 `cbor:"1,keyasint"`
	To     uint64 `cbor:"2,keyasint"`
	Kept   int    `cbor:"3,keyasint"`
	Line   uint64 `cbor:"4,keyasint"`
	Count  int    `cbor:"5,keyasint"`
	Piece  string `cbor:"6,keyasint"`
	Offset int64  `cbor:"7,keyasint"`
	Ended  bool   `cbor:"8,keyasint"`
}

// SavedSession is one open of a device file, without its user.
type SavedSession struct {
	Module    string   `cbor:"1,keyasint"`
	File      string   `cbor:"2,keyasint"`
	ValueSize int      `cbor:"3,keyasint"` // bytes
	Identity  Identity `cbor:"4,keyasint"`
	Door      string   `cbor:"5,keyasint"`
	Opened    int64    `cbor:"6,keyasint"` // nanoseconds since 1970
	Calls     uint64   `cbor:"7,keyasint"`
	Ended     uint32   `cbor:"8,keyasint"` // errno of all later calls; 0: the session goes on
	Handle    []byte   `cbor:"9,keyasint"` // what the module's part saved
}

// savedTime returns nanoseconds since 1970.
func savedTime(t time.Time) int64 { return t.UnixNano() }

// RestoredTime returns a time, in nanoseconds since 1970, on the clock of this process that never goes back.
func RestoredTime(saved int64) time.Time {
	now := time.Now()
	return now.Add(-now.Round(0).Sub(time.Unix(0, saved)))
}
