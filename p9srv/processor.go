package p9srv

// Processor answers the messages of one connection. It is used by one goroutine at a
// time.
type Processor interface {
	// Process answers the complete frames at the start of in and appends the replies
	// to out. It returns how many bytes it used and stops early when enough replies
	// have gathered; what is left belongs to the next call. After an error the
	// connection is closed, when out has been written. Neither slice is kept.
	Process(in, out []byte) (used int, _ []byte, err error)
}

// Layer returns a Processor around that of a new connection, for programs that change
// what is between a server and its clients. See [Server.Layer].
type Layer func(p Processor, way Way) Processor

// Way is what a [Layer] may use of its connection.
type Way struct {
	// Stopping is closed when the server ends its connections. A Process that waits
	// must end then.
	Stopping <-chan struct{}
	// More, if not nil, reads what else has arrived, without waiting, and returns in
	// with that behind it. Only Process may call it, and the bytes it used are then
	// those of the result. Nil: replies must leave in the order of their requests.
	More func() []byte
}

// layered returns a front with the layers of its server around it. Without a transport
// its replies must leave in order.
func (f *front) layered(t *transport) Processor {
	if f.srv.Layer == nil {
		return f
	}
	way := Way{Stopping: f.srv.stopping.Done()}
	if t != nil {
		way.More = t.moreNow
	}
	return f.srv.Layer(f, way)
}
