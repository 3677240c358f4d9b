package caller

import "fullex/cmd/fullex/internal/target"

// file is an open file of a process.
type file struct {
	of     client
	handle int
}

var (
	_ target.Placed     = file{}
	_ target.OtherReads = file{}
)

// ask makes a call at the file and copies the bytes of the reply to p.
func (f file) ask(r request, p []byte) (int, error) {
	r.Handle = f.handle
	a, err := f.of.ask(r)
	copy(p, a.Data)
	return a.N, err
}

// Read implements target.File.
func (f file) Read(p []byte) (int, error) { return f.ask(request{Op: opRead, Count: len(p)}, p) }

// Write implements target.File.
func (f file) Write(p []byte) (int, error) { return f.ask(request{Op: opWrite, Data: p}, nil) }

// ReadAt implements target.Placed.
func (f file) ReadAt(p []byte, offset int64) (int, error) {
	return f.ask(request{Op: opReadAt, Count: len(p), Offset: offset}, p)
}

// WriteAt implements target.Placed.
func (f file) WriteAt(p []byte, offset int64) (int, error) {
	return f.ask(request{Op: opWriteAt, Data: p, Offset: offset}, nil)
}

// Submit implements target.OtherReads.
func (f file) Submit(p []byte, offset int64) (int, error) {
	return f.ask(request{Op: opSubmit, Count: len(p), Offset: offset}, p)
}

// Send implements target.OtherReads.
func (f file) Send(p []byte) (int, error) { return f.ask(request{Op: opSend, Count: len(p)}, p) }

// Close implements target.File.
func (f file) Close() error {
	_, err := f.ask(request{Op: opClose}, nil)
	return err
}
