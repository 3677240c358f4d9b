package contract

import (
	"bufio"
	"fmt"
	"io"
)

// Trace is a recorded session, or several, one after the other.
type Trace []Call

// maxLine is how long a line may be, in bytes: a write of 32 MiB.
const maxLine = 64 << 20

// ReadTrace reads a trace. Its errors name the line.
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

// Replay makes all calls and returns those with another result. Refusals by what
// open returns are a syscall.Errno, wrapped or not.
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
