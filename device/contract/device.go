package contract

import "io"

// Device is the device of one client, in memory. With the profile Module it does
// what the original does. The zero Device is closed and Fixed. Its errors are
// errnos. It is not safe for concurrent use.
type Device struct {
	Model
	IsOpen bool
}

// Open opens the device, or returns EACCES.
func (d *Device) Open() (io.ReadWriteCloser, error) {
	if d.IsOpen {
		return nil, RowOpenTwice.Errno
	}
	d.IsOpen = true
	return d, nil
}

// Write implements io.Writer.
func (d *Device) Write(p []byte) (int, error) { return d.answer(nil, d.Model.Write(p)) }

// Read implements io.Reader, but for Module: then it can return more than len(p).
func (d *Device) Read(p []byte) (int, error) { return d.answer(p, d.Model.Read(len(p))) }

func (d *Device) answer(p []byte, answers []Answer) (int, error) {
	a := answers[len(answers)-1]
	d.Model = a.Next
	copy(p, a.Data)
	if a.Errno != 0 {
		return 0, a.Errno
	}
	return a.N, nil
}

// Close ends the session.
func (d *Device) Close() error {
	d.IsOpen, d.Capacity, d.Values = false, 0, nil
	return nil
}
