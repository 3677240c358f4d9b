package device

// Held is a session that one goroutine has locked, so that many calls in a row take
// one lock. A lock for each call was half of the server's time for a message in a
// batch (BenchmarkReadDepth in p9srv).
//
// Only that goroutine may use a Held. It must call Release soon. Until then it must
// not call any method of the Session or of its Kernel.
type Held struct{ session *Session }

// Hold waits until nobody else uses the session, and locks it until [Held.Release].
func (s *Session) Hold() Held {
	s.mu.Lock()
	return Held{s}
}

// Release lets others use the session again.
func (h Held) Release() { h.session.mu.Unlock() }

// Write writes p to the device and returns what [Handle].Write returns. After an
// unload it returns EIO, and after Close EBADF. It does not keep p.
func (h Held) Write(p []byte) (int, error) {
	h.session.calls++
	return h.session.handle.Write(p)
}

// Read reads from the device into p and returns what [Handle].Read returns. After an
// unload it returns EIO, and after Close EBADF. It does not keep p.
func (h Held) Read(p []byte) (int, error) {
	h.session.calls++
	return h.session.handle.Read(p)
}

// Readable returns what [Readable] returns for a read of count bytes, or nil if the
// handle is not Readable. A caller that must refuse a read for another reason returns
// this error first.
func (h Held) Readable(count int) error {
	if r, ok := h.session.handle.(Readable); ok {
		return r.Readable(count)
	}
	return nil
}
