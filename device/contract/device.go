package contract

import "io"

// Device is a device in memory for one client, which behaves as its Model says. With
// the profile Module it behaves as the original does. The zero Device is closed and
// has the profile Fixed. It refuses a second open, whatever its contract says. All errors are syscall.Errno values. A Device is not safe for
// concurrent use.
type Device struct {
	Model
	IsOpen bool
}

// Open opens the device and returns d itself, or the contract's refusal if it is open.
func (d *Device) Open() (io.ReadWriteCloser, error) {
	if d.IsOpen {
		return nil, d.Model.OpenAgain()[0].Errno
	}
	d.IsOpen = true
	return d, nil
}

// Write implements io.Writer.
func (d *Device) Write(p []byte) (int, error) { return d.answer(nil, d.Model.Write(p)) }

// Read implements io.Reader, except that with the profile Module it can return a count
// above len(p).
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
