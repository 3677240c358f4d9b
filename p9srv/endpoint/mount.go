package endpoint

import "context"

// Mount says how the 9p client of Linux reaches a server.
type Mount struct {
	Source  string   // first argument of mount(2); "": only Note is set
	Options []string // mount options of the transport
	Network bool     // the network must be up first
	// Socket means that the kernel cannot connect by itself: the mounting program must
	// give it a connected socket. Source is then the text form of an endpoint.
	Socket bool
	// Endpoint is the text form of the endpoint at which clients that are not the kernel
	// connect. It is "" if there is none.
	Endpoint string
	Note     string // for a person: where to mount, or what to do without Source
}

// Mount returns how the kernel of this machine reaches the endpoint. It may look up a host
// name, until ctx ends.
func (e Endpoint) Mount(ctx context.Context) (m Mount, err error) {
	e, err = e.Abs()
	if a, ok := e.address.(mountable); ok && err == nil {
		m, err = a.mount(ctx)
	}
	if m.Source == "" && err == nil {
		return e.MountSocket()
	}
	return m, err
}

// MountSocket returns how to mount the endpoint with a connected socket.
func (e Endpoint) MountSocket() (Mount, error) {
	e, err := e.Abs()
	text := e.String()
	return Mount{Source: text, Options: []string{"trans=fd"}, Network: !e.of.local, Socket: true, Endpoint: text}, err
}

// MountHint returns how others mount a server that listens at the endpoint, maybe from other
// machines. It is fast if e has the address of a listener (see At), which needs no lookup.
func (e Endpoint) MountHint(ctx context.Context) Mount {
	if a, ok := e.address.(hinting); ok {
		if m, ok := a.hint(); ok {
			return m
		}
	}
	m, err := e.Mount(ctx)
	if err != nil {
		return Mount{Source: e.String(), Socket: true, Endpoint: e.String()}
	}
	return m
}
