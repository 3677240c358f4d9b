package device

// Held is a session that nobody else can use, so that many calls in a row pay
// for one lock: a lock a call was half of the server's time for a message when
// requests come in batches (BenchmarkReadDepth in p9srv).
//
// It is for one goroutine, which must call Release soon, and until then no
// method of the Session or of its Kernel.
type Held struct{ session *Session }

// Hold waits until nobody else uses the session and keeps others out until
// [Held.Release].
func (s *Session) Hold() Held {
	s.mu.Lock()
	return Held{s}
}

// Release lets others use the session again.
func (h Held) Release() { h.session.mu.Unlock() }

// Write writes p to the device: what the module says, EIO after an unload,
// EBADF after Close. p is not kept.
func (h Held) Write(p []byte) (int, error) {
	h.session.calls++
	return h.session.handle.Write(p)
}

// Read reads from the device into p: what the module says, EIO after an
// unload, EBADF after Close. p is not kept.
func (h Held) Read(p []byte) (int, error) {
	h.session.calls++
	return h.session.handle.Read(p)
}

// Readable returns nil if a read of count bytes would not fail, as far as the
// module can tell, and otherwise its error. It serves those who must refuse a
// read for reasons of their own, but only after the contract's.
func (h Held) Readable(count int) error {
	if r, ok := h.session.handle.(Readable); ok {
		return r.Readable(count)
	}
	return nil
}
