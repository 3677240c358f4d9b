package contract

import "fmt"

// Difference is a call whose result is not the trace's.
type Difference struct {
	Call Call
	Got  string
}

// String returns the difference in a line.
func (d Difference) String() string {
	return fmt.Sprintf("line %d: %s -> %s, want %s", d.Call.Line, d.Call, d.Got, d.Call.Want)
}
