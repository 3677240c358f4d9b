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

// Recorder writes the calls at the device as a contract.Trace. A session
// is written in one piece when it ends: sessions know nothing of each other, so one
// behind the other they give the same results as at the same time. Safe for
// concurrent use.
type Recorder struct {
	dir *os.File // for what waits; immutable

	mu   sync.Mutex // guards the fields below
	file *os.File
	out  *bufio.Writer
	err  error // the first
}

// NewRecorder writes a file, and empties one that is there.
func NewRecorder(path string) (*Recorder, error) {
	file, dir, err := ownpath.Create(path)
	if err != nil {
		return nil, err
	}
	return &Recorder{dir: dir, file: file, out: bufio.NewWriter(file)}, nil
}

// Close writes what is left, and returns the first error there was: a record with
// an error is not whole.
func (r *Recorder) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	err := errors.Join(r.out.Flush(), r.file.Close(), r.dir.Close())
	if r.err == nil && err != nil {
		r.err = fmt.Errorf("write: %w", err)
	}
	return r.err
}

// fail notes that the record is not whole.
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

// session is the record of one, from open to close. It is used by one conversation.
type session struct {
	recorder *Recorder
	lines    []byte   // the last of them
	spilled  *os.File // those before, if they were many; its name is gone already
}

// maxLines is how much of a session is held in memory, in bytes.
const maxLines = 64 << 10

// add appends a line.
func (s *session) add(call, result string) {
	s.added(append(append(append(s.lines, call...), " -> "...), result...))
}

// added takes the lines with one more, and ends that.
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

// end writes the session.
func (s *session) end() {
	err := s.recorder.write(s)
	if s.spilled != nil {
		err = errors.Join(err, s.spilled.Close())
	}
	if err != nil {
		s.recorder.fail(fmt.Errorf("write a session: %w", err))
	}
}
