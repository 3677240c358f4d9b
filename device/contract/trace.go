package contract

import (
	"bufio"
	"fmt"
	"io"
)

// Trace is the record of one session, or of several in sequence.
type Trace []Call

// maxLine is the longest line of a trace, in bytes. A write of almost 32 MiB fits, at
// two digits a byte.
const maxLine = 64 << 20

// ReadTrace reads a trace to the end of r. Its errors contain the line number.
func ReadTrace(r io.Reader) (Trace, error) {
	var t Trace
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	for n := 1; lines.Scan(); n++ {
		c, err := parseCall(lines.Text())
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		c.Line = n
		t = append(t, c)
	}
	return t, lines.Err()
}

// Replay makes all calls on the device that open opens. It returns the calls whose
// results differ from the recorded ones. The device must refuse a call with an error
// that is or wraps a syscall.Errno.
func (t Trace) Replay(open func() (io.ReadWriteCloser, error)) []Difference {
	p := Player{Open: open}
	var differences []Difference
	for _, c := range t {
		if got := p.Do(c); got != c.Want {
			differences = append(differences, Difference{c, got})
		}
	}
	return differences
}
