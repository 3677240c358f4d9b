package check

import (
	"encoding/binary"
	"slices"
	"sync"
	"syscall"
	"time"
)

// faulty is a device in memory with one planted fault. Each of its clients is an
// Opener of its own.
type faulty struct {
	secondOpen    bool          // a second open is allowed
	oneMore       bool          // the capacity is off by one
	invalid       bool          // EINVAL where it must be EACCES
	zero          bool          // an empty deque reads as the end of the file
	mirrored      bool          // odd values go right
	popsShort     bool          // reads of fewer than 4 bytes pop, as in the module
	copiesNothing bool          // reads of fewer than 4 bytes pop and copy nothing
	keepsValues   bool          // a close does not free the session
	shared        bool          // all clients share one deque
	dropsOnRefuse bool          // a refused push takes the oldest value away
	panics        bool          // a read shows a defect of the program itself
	hang          chan struct{} // reads wait for it, if it is not nil
	slow          time.Duration // what an open takes

	mu      sync.Mutex
	session *memory // what clients share
}

func (d *faulty) client() (Opener, error) { return &memoryClient{device: d}, nil }

// memoryClient is a client of a faulty device.
type memoryClient struct {
	device *faulty
	open   bool
	kept   *memory
}

func (c *memoryClient) Traits() Traits { return Traits{Path: "/memory"} }
func (c *memoryClient) Kill() error    { return nil }

func (c *memoryClient) Open(int) (File, error) {
	d := c.device
	<-time.After(d.slow)
	d.mu.Lock()
	defer d.mu.Unlock()
	if c.open && !d.secondOpen {
		return nil, syscall.EACCES
	}
	c.open = true
	m := &memory{of: c}
	switch {
	case d.shared && d.session != nil:
		m = d.session
	case d.keepsValues && c.kept != nil:
		m = c.kept
	}
	d.session, c.kept = m, m
	return m, nil
}

// memory is a session.
type memory struct {
	of       *memoryClient
	capacity int
	values   []int32
}

func (m *memory) refusal() syscall.Errno {
	if m.of.device.invalid {
		return syscall.EINVAL
	}
	return syscall.EACCES
}

func (m *memory) Write(p []byte) (int, error) {
	d := m.of.device
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case len(p) == 0:
		return 0, syscall.EINVAL
	case m.capacity == 0 && len(p) > 1:
		return 0, m.refusal()
	case m.capacity == 0 && (p[0] == 0 || p[0] > 100):
		return 0, syscall.EINVAL
	case m.capacity == 0:
		m.capacity = int(p[0])
		if d.oneMore {
			m.capacity++
		}
		return 1, nil
	case len(p) != 4:
		return 0, syscall.EINVAL
	case len(m.values) == m.capacity:
		if d.dropsOnRefuse {
			m.values = m.values[1:]
		}
		return 0, m.refusal()
	}
	v := int32(binary.LittleEndian.Uint32(p))
	if (v&1 == 0) != d.mirrored {
		m.values = append(m.values, v)
	} else {
		m.values = slices.Insert(m.values, 0, v)
	}
	return 4, nil
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
	switch {
	case len(p) == 0:
		return 0, syscall.EINVAL
	case len(m.values) == 0 && d.zero && m.capacity > 0:
		return 0, nil
	case len(m.values) == 0:
		return 0, m.refusal()
	case len(p) < 4 && !d.popsShort:
		return 0, syscall.EINVAL
	}
	if len(p) >= 4 || !d.copiesNothing {
		copy(p, bytesOf(m.values[0]))
	}
	m.values = m.values[1:]
	return 4, nil
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
