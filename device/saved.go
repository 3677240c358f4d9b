package device

import "time"

// Saved is the state of a [Kernel] without its sessions. [Kernel.Save] returns it, and
// [Kernel.Restore] takes it over in another process.
//
// The numbers in the tags name the fields in the encoded form. A number never gets a
// second meaning. A field that is missing in the encoded form is zero.
type Saved struct {
	Numbers map[string]uint16 `cbor:"1,keyasint"` // of every file that ever existed; they are part of qid.path
	Loaded  []string          `cbor:"2,keyasint"` // names of the loaded modules
	Modules map[string][]byte `cbor:"3,keyasint"` // by name; what Keeper.Save returned
	Log     SavedLog          `cbor:"4,keyasint"`
}

// SavedLog is the state of a [Log].
type SavedLog struct {
	Start  int64        `cbor:"1,keyasint"` // nanoseconds since 1970
	Next   uint64       `cbor:"2,keyasint"` // number of the next line
	Lines  []SavedLine  `cbor:"3,keyasint"` // the lines that are kept, in the order of their numbers
	Shares []SavedShare `cbor:"4,keyasint"`
}

// SavedLine is a line of a log, with its line end.
type SavedLine struct {
	Number uint64      `cbor:"1,keyasint"`
	Source SavedSource `cbor:"2,keyasint"`
	Text   string      `cbor:"3,keyasint"`
}

// SavedShare is how many lines one source may still add to a log.
type SavedShare struct {
	Source  SavedSource `cbor:"1,keyasint"`
	Left    float64     `cbor:"2,keyasint"` // lines
	Since   int64       `cbor:"3,keyasint"` // nanoseconds since 1970
	Dropped int         `cbor:"4,keyasint"` // dropped lines that the log has not mentioned yet
}

// SavedSource names a source of log lines.
type SavedSource struct {
	Kind  uint8  `cbor:"1,keyasint"`
	UID   uint32 `cbor:"2,keyasint"`
	Opens bool   `cbor:"3,keyasint"` // lines about opens and closes only
}

// SavedReader is the state of a [LogReader].
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
	Ended     uint32   `cbor:"8,keyasint"` // errno of all later calls; 0: the session has not ended
	Handle    []byte   `cbor:"9,keyasint"` // what Saver.Save returned
}

// savedTime returns t in nanoseconds since 1970.
func savedTime(t time.Time) int64 { return t.UnixNano() }

// RestoredTime returns the time that is saved nanoseconds after the start of 1970. The
// result has a monotonic clock reading, so changes of the wall clock do not affect
// differences.
func RestoredTime(saved int64) time.Time {
	now := time.Now()
	return now.Add(-now.Round(0).Sub(time.Unix(0, saved)))
}
