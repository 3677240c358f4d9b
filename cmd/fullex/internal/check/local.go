package check

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"syscall"
)

// local is a client that is a worker process, or a child of one, or how a thread
// of either makes calls.
type local struct {
	process *process
	child   int // 0: the process itself
	thread  int
	number  int // of the process, to the system
	place   place
}

var (
	_ Opener    = (*local)(nil)
	_ Forker    = (*local)(nil)
	_ Threader  = (*local)(nil)
	_ Tree      = (*local)(nil)
	_ Describer = (*local)(nil)
	_ Changer   = (*local)(nil)
)

// startLocal starts a worker.
func startLocal(p place, command []string) (Opener, error) {
	started, err := startProcess(command, -1)
	if err != nil {
		return nil, err
	}
	l := &local{process: started, number: started.cmd.Process.Pid, place: p}
	if _, err := l.ask(request{Op: opTarget, Path: p.target.Path()}); err != nil {
		return nil, errors.Join(err, started.kill())
	}
	return l, nil
}

// ask makes a request; a refusal is an error, too.
func (l *local) ask(r request) (reply, error) {
	r.Child, r.Thread = l.child, l.thread
	a, err := l.process.ask(r)
	switch {
	case err != nil:
		return a, err
	case a.Errno != 0:
		return a, syscall.Errno(a.Errno)
	case a.Text != "":
		return a, errors.New(a.Text)
	}
	return a, nil
}

// device is the path of the device within the target.
func (l *local) device() string { return l.place.device(l.number) }

// absolute is the path of the device.
func (l *local) absolute() string { return filepath.Join(l.place.target.Path(), l.device()) }

// Traits implements Opener.
func (l *local) Traits() Traits {
	t := l.place.traits
	t.Path = l.absolute()
	return t
}

// Open implements Opener.
func (l *local) Open(flags int) (File, error) { return l.OpenFile(l.device(), flags) }

// OpenFile implements Tree.
func (l *local) OpenFile(path string, flags int) (File, error) {
	a, err := l.ask(request{Op: opOpen, Path: path, Flags: flags})
	if err != nil {
		return nil, err
	}
	return &localFile{l, a.N}, nil
}

// Kill implements Opener.
func (l *local) Kill() error {
	if l.child == 0 {
		return l.process.kill()
	}
	a, err := l.process.ask(request{Op: opKill, Handle: l.child}) // by its parent
	if err == nil && a.Text != "" {
		err = errors.New(a.Text)
	}
	if errors.Is(err, errProcessEnded) {
		return nil // the child ends with its parent
	}
	return err
}

// Thread implements Threader.
func (l *local) Thread(number int, f File) (Opener, File) {
	view := *l
	view.thread = number
	if of, ok := f.(*localFile); ok {
		return &view, &localFile{&view, of.handle}
	}
	return &view, nil
}

// Fork implements Forker. Only a worker itself has children, not they.
func (l *local) Fork(f File) (Opener, File, error) {
	of, ok := f.(*localFile)
	if !ok || l.child != 0 {
		return nil, nil, errors.New("not a file of this process")
	}
	a, err := l.ask(request{Op: opFork, Handle: of.handle})
	if err != nil {
		return nil, nil, err
	}
	child := &local{process: l.process, child: a.N, number: a.Process, place: l.place}
	if _, err := child.ask(request{Op: opTarget, Path: l.place.target.Path()}); err != nil {
		return nil, nil, fmt.Errorf("start the child: %w", err)
	}
	a, err = child.ask(request{Op: opInherit})
	if err != nil {
		return nil, nil, fmt.Errorf("start the child: %w", err)
	}
	return child, &localFile{child, a.N}, nil
}

// Stat implements Describer.
func (l *local) Stat() (mode fs.FileMode, size int64, err error) {
	a, err := l.ask(request{Op: opStat, Path: l.device()})
	return fs.FileMode(a.Mode), int64(a.N), err
}

// Truncate implements Changer.
func (l *local) Truncate() error {
	_, err := l.ask(request{Op: opTruncate, Path: l.absolute()})
	return err
}

// Touch implements Changer.
func (l *local) Touch() error {
	_, err := l.ask(request{Op: opTouch, Path: l.absolute()})
	return err
}

// localFile is an open file of a worker.
type localFile struct {
	of     *local
	handle int
}

var _ Placed = (*localFile)(nil)

// Read implements File.
func (f *localFile) Read(p []byte) (int, error) {
	a, err := f.of.ask(request{Op: opRead, Handle: f.handle, Count: len(p)})
	copy(p, a.Data)
	return a.N, err
}

// Write implements File.
func (f *localFile) Write(p []byte) (int, error) {
	a, err := f.of.ask(request{Op: opWrite, Handle: f.handle, Data: p})
	return a.N, err
}

// ReadAt implements Placed.
func (f *localFile) ReadAt(p []byte, offset int64) (int, error) {
	a, err := f.of.ask(request{Op: opReadAt, Handle: f.handle, Count: len(p), Offset: offset})
	copy(p, a.Data)
	return a.N, err
}

// WriteAt implements Placed.
func (f *localFile) WriteAt(p []byte, offset int64) (int, error) {
	a, err := f.of.ask(request{Op: opWriteAt, Handle: f.handle, Data: p, Offset: offset})
	return a.N, err
}

// Close implements File.
func (f *localFile) Close() error {
	_, err := f.of.ask(request{Op: opClose, Handle: f.handle})
	return err
}
