package endpoint

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
)

// Endpoint is an address of a transport, at which a server listens or to which a client
// connects. Two endpoints are equal (==) if they have the same address and options. On the
// zero Endpoint only IsZero and IsInherited may be called.
type Endpoint struct {
	of      *transport
	address address
}

// Parse reads the text form of an endpoint (package comment). An error says what it
// expected.
func Parse(s string) (Endpoint, error) {
	name, rest, ok := strings.Cut(s, ":")
	if !ok {
		return Endpoint{}, fmt.Errorf("endpoint %q: want %s", s, forms())
	}
	for _, t := range transports {
		if t.name != name {
			continue
		}
		a, err := t.parse(rest)
		if err != nil {
			return Endpoint{}, fmt.Errorf("endpoint %q: %w", s, err)
		}
		return Endpoint{t, a}, nil
	}
	return Endpoint{}, fmt.Errorf("endpoint %q: no such kind of endpoint, want %s", s, forms())
}

// String returns the text form, from which Parse returns an equal endpoint. It has the
// options that differ from their defaults.
func (e Endpoint) String() string { return e.of.name + ":" + e.address.String() }

// IsZero reports whether e is the zero Endpoint.
func (e Endpoint) IsZero() bool { return e.of == nil }

// IsInherited reports whether the endpoint is a socket that this process inherited. Such an
// endpoint can be opened once.
func (e Endpoint) IsInherited() bool { return !e.IsZero() && e.of.inherited }

// IsBare reports whether people see the text form without quotes for a shell. Only TCP is bare,
// because people know the brackets of an IPv6 address.
func (e Endpoint) IsBare() bool { return e.of.bare }

// Open opens the endpoint for a server. It returns a listener, or a connection if the
// endpoint is an inherited socket that is connected. It gives up when ctx ends. If the
// address is in use, the error is EADDRINUSE.
//
// Open replaces a unix socket that an earlier server left, if nobody answers on it. Closing
// the listener removes the socket. While Open makes a unix socket, it changes the umask of
// the process.
func (e Endpoint) Open(ctx context.Context) (net.Listener, net.Conn, error) {
	l, c, err := e.address.open(ctx)
	if err != nil {
		return nil, nil, e.failed("listen on", err)
	}
	return l, c, nil
}

// Listen is Open for a caller that needs a listener. It returns an error for a connection.
func (e Endpoint) Listen(ctx context.Context) (net.Listener, error) {
	l, c, err := e.Open(ctx)
	if c != nil {
		return nil, errors.Join(fmt.Errorf("listen on %s: it is connected and does not listen", e), c.Close())
	}
	return l, err
}

// Dial connects to a server at the endpoint. It gives up when ctx ends. For an inherited
// socket it returns the connection that exists. On a TCP connection it enables
// [NoticeLoss] with the default time.
func (e Endpoint) Dial(ctx context.Context) (net.Conn, error) {
	c, err := e.address.dial(ctx)
	if err != nil {
		return nil, e.failed("connect to", err)
	}
	_ = NoticeLoss(c, 0) // if the connection is broken, its user finds that out
	return c, nil
}

// failed adds to an error what was to be done with the endpoint.
func (e Endpoint) failed(do string, err error) error {
	if e.of.inherited {
		do = "take over"
	}
	return fmt.Errorf("%s %s: %w", do, e, err)
}

// At returns the endpoint with the address of its listener. It replaces a port 0 by the actual
// port.
func (e Endpoint) At(addr net.Addr) Endpoint {
	if a, ok := e.address.(movable); ok {
		e.address = a.at(addr)
	}
	return e
}

// Abs returns the endpoint with an absolute path, if it has a path.
func (e Endpoint) Abs() (Endpoint, error) {
	a, ok := e.address.(relative)
	if !ok {
		return e, nil
	}
	var err error
	if e.address, err = a.abs(); err != nil {
		return e, fmt.Errorf("find the socket: %w", err)
	}
	return e, nil
}

// Device returns the path of a vhost-user socket, at which virtual machines attach a
// virtio-9p device. Such an endpoint carries no bytes of 9P, and no client dials it. For
// other endpoints ok is false.
func (e Endpoint) Device() (path string, ok bool) {
	if e.of.device == nil {
		return "", false
	}
	return e.of.device(e.address), true
}
