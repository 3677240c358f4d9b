package check

import (
	"sync"
	"syscall"
	"time"

	"fullex/cmd/fullex/internal/target"
	"fullex/device/contract"
)

// faulty is a device in memory, usually with one planted fault. Each of its clients is an
// Opener of its own.
type faulty struct {
	contract      *contract.Contract // what it follows; nil: that of the profile Fixed
	secondOpen    bool               // a second open is allowed
	oneMore       bool               // the capacity is off by one
	invalid       bool               // calls fail with EINVAL instead of EACCES
	zero          bool               // a read on an empty deque returns 0, as at the end of a file
	mirrored      bool               // odd values go right and even values left
	popsShort     bool               // reads of fewer than 4 bytes pop, as in the module
	copiesNothing bool               // reads of fewer than 4 bytes pop and copy nothing
	keepsValues   bool               // a close does not free the session
	shared        bool               // all clients share one deque
	dropsOnRefuse bool               // a refused push removes the leftmost value
	panics        bool               // a read panics, as if fullex had a defect
	hang          chan struct{}      // not nil: reads wait until it is closed
	slow          time.Duration      // how long an open takes

	mu      sync.Mutex
	session *memory // the last one, which clients may share
}

func (d *faulty) client() (Client, error) { return inMemory(&memoryClient{device: d}), nil }

func inMemory(o target.Opener) Client {
	c := place{}.client(o, 0)
	c.Traits.Path = "/memory"
	return c
}

// memoryClient is a client of a faulty device.
type memoryClient struct {
	device *faulty
	open   bool
	kept   *memory // its last session, if that is not freed
}

func (c *memoryClient) Close() error { return nil }

func (c *memoryClient) Open(path string, _ int) (target.File, error) {
	if path != "" {
		return nil, syscall.ENOENT
	}
	d := c.device
	<-time.After(d.slow)
	d.mu.Lock()
	defer d.mu.Unlock()
	if c.open && !d.secondOpen {
		return nil, syscall.EACCES
	}
	c.open = true
	m := &memory{of: c}
	m.Contract = d.contract
	if d.popsShort {
		m.Contract = contract.Of(contract.Module)
	}
	switch {
	case d.shared && d.session != nil:
		m = d.session
	case d.keepsValues && c.kept != nil:
		m = c.kept
	}
	d.session, c.kept = m, m
	return m, nil
}

// memory is a session of the model, with the faults of its device.
type memory struct {
	contract.Device
	of *memoryClient
}

// wrong returns the result of the device where that of the model is n and err.
func (m *memory) wrong(n int, err error) (int, error) {
	if err == syscall.EACCES && m.of.device.invalid {
		err = syscall.EINVAL
	}
	return n, err
}

func (m *memory) Write(p []byte) (int, error) {
	d := m.of.device
	d.mu.Lock()
	defer d.mu.Unlock()
	created := m.Capacity == 0
	n, err := m.Device.Write(p)
	switch {
	case created && n == 1 && d.oneMore:
		m.Capacity++
	case !created && err == syscall.EACCES && d.dropsOnRefuse:
		m.Values = m.Values[1:]
	case n == contract.ValueSize && d.mirrored && p[0]&1 == 0: // the model pushed it right
		last := len(m.Values) - 1
		m.Values = append(m.Values[last:], m.Values[:last]...)
	case n == contract.ValueSize && d.mirrored:
		m.Values = append(m.Values[1:], m.Values[0])
	}
	return m.wrong(n, err)
}

func (m *memory) Read(p []byte) (int, error) {
	d := m.of.device
	if d.hang != nil {
		<-d.hang
	}
	if d.panics {
		panic("as planted")
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(p) > 0 && len(m.Values) == 0 && d.zero && m.Capacity > 0 {
		return 0, nil
	}
	n, err := m.Device.Read(p)
	if len(p) < n && d.copiesNothing {
		clear(p)
	}
	return m.wrong(n, err)
}

func (m *memory) Close() error {
	m.of.device.mu.Lock()
	defer m.of.device.mu.Unlock()
	m.of.open = false
	if !m.of.device.keepsValues {
		m.of.kept = nil
		m.of.device.session = nil
	}
	return nil
}
