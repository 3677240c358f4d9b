package trace

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"fullex/p9srv/endpoint/ownpath"
)

// Recorder writes the calls at the device to a file, as a contract.Trace. It writes a session
// as a whole when the session ends. Sessions do not affect each other, so they give the same
// results when they are replayed one after another. Recorder is safe for concurrent use.
type Recorder struct {
	dir *os.File // directory for the lines of long open sessions; immutable

	mu   sync.Mutex // guards the fields below
	file *os.File
	out  *bufio.Writer
	err  error // the first one
}

// NewRecorder creates the file, or empties an existing one.
func NewRecorder(path string) (*Recorder, error) {
	file, dir, err := ownpath.Create(path)
	if err != nil {
		return nil, err
	}
	return &Recorder{dir: dir, file: file, out: bufio.NewWriter(file)}, nil
}

// Close writes what is left and closes the file. It returns the first error of the Recorder.
// After an error the record is incomplete.
func (r *Recorder) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	err := errors.Join(r.out.Flush(), r.file.Close(), r.dir.Close())
	if r.err == nil && err != nil {
		r.err = fmt.Errorf("write: %w", err)
	}
	return r.err
}

// fail notes an error, after which the record is incomplete.
func (r *Recorder) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil {
		r.err = err
	}
}

// write appends a whole session.
func (r *Recorder) write(s *session) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s.spilled != nil {
		if _, err := s.spilled.Seek(0, io.SeekStart); err != nil {
			return err
		}
		if _, err := r.out.ReadFrom(s.spilled); err != nil {
			return err
		}
	}
	if _, err := r.out.Write(s.lines); err != nil {
		return err
	}
	return r.out.Flush()
}

// session is the record of one session, from open to close. Only one conversation uses it.
type session struct {
	recorder *Recorder
	lines    []byte   // the last lines
	spilled  *os.File // the lines before, in a file without a name; nil: none
}

// maxLines is how much of a session is kept in memory, in bytes.
const maxLines = 64 << 10

// add appends a line.
func (s *session) add(call, result string) {
	s.added(append(append(append(s.lines, call...), " -> "...), result...))
}

// added replaces the lines with lines that have one more, and ends the line.
func (s *session) added(lines []byte) {
	s.lines = append(lines, '\n')
	if len(s.lines) >= maxLines {
		if err := s.spill(); err != nil {
			s.recorder.fail(fmt.Errorf("keep an open session: %w", err))
		}
	}
}

// spill moves the lines to a file without a name.
func (s *session) spill() error {
	if s.spilled == nil {
		f, err := ownpath.Nameless(s.recorder.dir)
		if err != nil {
			return err
		}
		s.spilled = f
	}
	_, err := s.spilled.Write(s.lines)
	s.lines = s.lines[:0]
	return err
}

// end writes the session to the record.
func (s *session) end() {
	err := s.recorder.write(s)
	if s.spilled != nil {
		err = errors.Join(err, s.spilled.Close())
	}
	if err != nil {
		s.recorder.fail(fmt.Errorf("write a session: %w", err))
	}
}
