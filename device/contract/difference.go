package contract

import "fmt"

// Difference is a call whose result differs from the recorded one.
type Difference struct {
	Call Call
	Got  string // the result, in the form of a trace
}

// String returns the difference as one line, without a newline.
func (d Difference) String() string {
	return fmt.Sprintf("line %d: %s -> %s, want %s", d.Call.Line, d.Call, d.Got, d.Call.Want)
}
