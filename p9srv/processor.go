package p9srv

import "log/slog"

// Processor answers the messages of one connection. Only one goroutine at a time uses it.
type Processor interface {
	// Process answers the complete frames at the start of in and appends the replies to
	// out. It returns the number of bytes that it used, and out. It may stop early if
	// there are enough replies; the next call then gets the rest of in. After an error,
	// the replies in out are sent and the connection is closed. Process keeps neither
	// slice.
	Process(in, out []byte) (used int, _ []byte, err error)
}

// Layer returns a Processor around p, which is that of a new connection. With a Layer, a
// program changes what happens between a server and its clients. See [Server.Layer].
type Layer func(p Processor, way Way) Processor

// Way is what a [Layer] may use of its connection.
type Way struct {
	// Stopping is closed when the server ends its connections. A Process that waits must
	// return then.
	Stopping <-chan struct{}
	// More, if not nil, reads what else has arrived, without waiting. It returns in with
	// those bytes appended. Only Process may call it, and then counts the bytes it used in
	// that result. If More is nil, replies must be in the order of their requests.
	More func() []byte
	// Log is the log of the connection, with its number and peer. Lines above ten a second
	// of each message are dropped.
	Log *slog.Logger
	// AtEnd registers a function that is called after the last Process of a connection. The
	// driver of a guest can be reset; that ends the guest's connection too, and the next
	// Process belongs to a new one. AtEnd itself is called within [Layer] only.
	AtEnd func(func())
}

// layered returns the front with the layer of its server around it. t is nil if replies must
// be in the order of their requests.
func (f *front) layered(t *transport) Processor {
	if f.srv.Layer == nil {
		return f
	}
	way := Way{Stopping: f.srv.stopping.Done(), Log: f.log}
	way.AtEnd = func(last func()) { f.atEnd = append(f.atEnd, last) }
	if t != nil {
		way.More = t.moreNow
	}
	return f.srv.Layer(f, way)
}

// end frees every session and lets layers know that the connection has ended.
func (f *front) end() {
	f.endSession()
	for _, last := range f.atEnd {
		last()
	}
}
