package strict

// flight knows which replies the client cannot have seen when it sent the request in hand.
//
// Requests that the server reads together are a batch: the client sent all of them before the
// server sent a reply to one of them. The server may answer a batch in several calls of
// Process and send replies between them. So flight remembers in which call each request was
// answered, and how much had arrived before that call's replies were sent.
type flight struct {
	call  uint64 // number of the call of Process
	since uint64 // when the request in hand was sent, no reply of this or a later call was
	ahead int    // bytes to come that had arrived when since began

	version uint64        // the call that answered the last Tversion; 0: none
	tags    marks[uint16] // of requests
	flushed marks[uint16] // oldtags of Tflush
	made    marks[uint32] // fids that requests would make
	opening marks[uint32] // fids of Tlopen
	clunked marks[uint32] // fids of Tclunk and Tremove
}

// marks are the calls in which requests with some key were answered.
type marks[K comparable] map[K]uint64

// begin starts a call of Process.
func (f *flight) begin() {
	f.call++
	if f.ahead == 0 {
		f.forget()
		f.since = f.call
	}
}

// take begins the next request, which has so many bytes.
func (f *flight) take(size int) {
	if f.ahead == 0 {
		f.since = f.call
		return
	}
	f.ahead -= size
}

// finish ends a call of Process. rest is what has arrived and was not answered.
func (f *flight) finish(rest []byte) {
	if f.ahead > 0 {
		return
	}
	f.since = f.call
	for n := wholeFrame(rest); n > 0; n = wholeFrame(rest[f.ahead:]) {
		f.ahead += n
	}
}

// forget forgets all but the calls.
func (f *flight) forget() {
	*f = flight{call: f.call, since: f.since, ahead: f.ahead}
}

// versionAwaited reports whether a Tversion is in flight.
func (f *flight) versionAwaited() bool { return f.version > 0 && f.version >= f.since }

// isIn reports whether a request with that key is in flight.
func isIn[K comparable](m marks[K], key K, f *flight) bool {
	call, ok := m[key]
	return ok && call >= f.since
}

// mark enters a request that was answered in this call.
func mark[K comparable](m *marks[K], key K, f *flight) {
	if *m == nil {
		*m = make(marks[K])
	}
	(*m)[key] = f.call
}
