package endpoint

import "context"

// Mount is how Linux's 9p client reaches a server.
type Mount struct {
	Source  string   // the first argument of mount(2)
	Options []string // of the transport
	Network bool     // there must be a network first
	// Socket says that the kernel cannot connect by itself: whoever mounts hands it a
	// connected socket over. Source is an endpoint then.
	Socket bool
	Note   string // for a person: where that is to be done. All there is without Source
}

// Mount returns how the kernel of this machine reaches the endpoint, which looks up names
// until ctx ends.
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

// MountSocket is Mount by means of a connected socket.
func (e Endpoint) MountSocket() (Mount, error) {
	e, err := e.Abs()
	return Mount{Source: e.String(), Options: []string{"trans=fd"}, Network: !e.of.local, Socket: true}, err
}

// MountHint returns how others mount what a server serves at the endpoint. A server knows
// where it listens, so that this is fast.
func (e Endpoint) MountHint(ctx context.Context) Mount {
	if a, ok := e.address.(hinting); ok {
		if m, ok := a.hint(); ok {
			return m
		}
	}
	m, err := e.Mount(ctx)
	if err != nil {
		return Mount{Source: e.String(), Socket: true}
	}
	return m
}
