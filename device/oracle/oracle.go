// Package oracle is the form in which sessions at the device are recorded, and
// replays them against anything that has open, read, write and close. Those that
// were recorded from the kernel module in a real kernel say what is right.
//
// A trace has a call and its result a line:
//
//	open -> ok
//	open again -> EACCES          a second open while the first is open
//	write 488f084d -> 4           bytes in hexadecimal; how many were taken
//	read 200000 -> 4 2bb9084b     size of the buffer; how many came, and which
//	read 4 -> EACCES
//	close -> ok
//
// A read of N passes a buffer of N bytes. Who speaks 9P without a kernel asks
// for min(N, msize-24) bytes in one Tread, at any offset.
package oracle

import (
	"bufio"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Call is a line of a trace.
type Call struct {
	Line int    // in the trace, from 1
	Name string // "open", "open again", "write", "read" or "close"
	Data []byte // of a write
	Size int    // of a read, in bytes
	Want string // the result as the trace has it
}

// String returns the call without its result, as the trace has it.
func (c Call) String() string {
	switch c.Name {
	case "write":
		return "write " + hex.EncodeToString(c.Data)
	case "read":
		return "read " + strconv.Itoa(c.Size)
	}
	return c.Name
}

// maxLine is how long a line may be, in bytes: a write of 32 MiB.
const maxLine = 64 << 20

// Parse reads a trace. Its errors name the line.
func Parse(r io.Reader) ([]Call, error) {
	var calls []Call
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	for n := 1; lines.Scan(); n++ {
		c, err := parseLine(lines.Text())
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		c.Line = n
		calls = append(calls, c)
	}
	return calls, lines.Err()
}

// maxRead is the largest read that a trace may have, in bytes.
const maxRead = 32 << 20

func parseLine(line string) (Call, error) {
	call, want, ok := strings.Cut(line, " -> ")
	if !ok {
		return Call{}, fmt.Errorf("%q has no result", line)
	}
	c := Call{Name: call, Want: want}
	name, arg, _ := strings.Cut(call, " ")
	var err error
	switch {
	case call == "open", call == "open again", call == "close":
	case name == "write":
		c.Name = name
		c.Data, err = hex.DecodeString(arg)
	case name == "read":
		c.Name = name
		c.Size, err = strconv.Atoi(arg)
		if err == nil && (c.Size < 0 || c.Size > maxRead) {
			err = fmt.Errorf("read of %d bytes, want 0 to %d", c.Size, maxRead)
		}
	default:
		err = fmt.Errorf("no such call: %q", call)
	}
	return c, err
}

// File is an open device. Its errors hold a syscall.Errno.
type File interface {
	io.Reader
	io.Writer
	io.Closer
}

// Difference is a call whose result is not the trace's.
type Difference struct {
	Call Call
	Got  string
}

// String returns the difference in a line.
func (d Difference) String() string {
	return fmt.Sprintf("line %d: %s -> %s, want %s", d.Call.Line, d.Call, d.Got, d.Call.Want)
}

// Replay makes all calls and returns those that gave another result.
func Replay(calls []Call, open func() (File, error)) []Difference {
	r := Player{Open: open}
	var differences []Difference
	for _, c := range calls {
		if got := r.Do(c); got != c.Want {
			differences = append(differences, Difference{c, got})
		}
	}
	return differences
}

// Player makes the calls of a trace one by one. It has at most one file open
// beside a moment's second one.
type Player struct {
	Open func() (File, error)
	file File
	err  error
}

// Err returns the last error of a call that was no errno: not the device's
// answer, but that there is none, as from a connection that has ended.
func (r *Player) Err() error { return r.err }

// Close closes the file if a call has left it open.
func (r *Player) Close() error {
	if r.file == nil {
		return nil
	}
	file := r.file
	r.file = nil
	return file.Close()
}

// Do makes a call and returns its result as a trace has it.
func (r *Player) Do(c Call) string {
	if r.file == nil && c.Name != "open" {
		return "not open"
	}
	if r.file != nil && c.Name == "open" {
		return "open already"
	}
	switch c.Name {
	case "open":
		file, err := r.Open()
		if err == nil {
			r.file = file
		}
		return r.result("ok", err)
	case "open again":
		file, err := r.Open()
		if err == nil {
			err = file.Close()
		}
		return r.result("ok", err)
	case "write":
		n, err := r.file.Write(c.Data)
		return r.result(strconv.Itoa(n), err)
	case "read":
		p := make([]byte, c.Size)
		n, err := r.file.Read(p)
		return r.result(fmt.Sprintf("%d %x", n, p[:max(n, 0)]), err)
	default:
		return r.result("ok", r.Close())
	}
}

// State is what a session holds while a trace is replayed.
type State struct {
	Open             bool
	Capacity, Length int
}

// After returns the state after a call, if its result is the trace's.
func (s State) After(c Call) State {
	switch {
	case c.Name == "open" && c.Want == "ok":
		return State{Open: true}
	case c.Name == "close":
		return State{}
	case c.Name == "write" && c.Want == "1":
		s.Capacity = int(c.Data[0])
	case c.Name == "write" && c.Want == "4":
		s.Length++
	case c.Name == "read" && strings.HasPrefix(c.Want, "4 "):
		s.Length--
	}
	return s
}

// result is what a call returned, or the name of its errno.
func (r *Player) result(ok string, err error) string {
	if err == nil {
		return ok
	}
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		r.err = err
		return err.Error()
	}
	return ErrnoName(errno)
}

// ErrnoName returns an errno's name, or its number if it has none.
func ErrnoName(errno syscall.Errno) string {
	if name := unix.ErrnoName(errno); name != "" {
		return name
	}
	return "errno " + strconv.Itoa(int(errno))
}
