package endpoint

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
)

// Endpoint is an address of one of the transports: a server listens at it, and a client
// connects to it. Two endpoints are equal (==) if they have the same address and options.
// The zero Endpoint is no address; only IsZero and IsInherited may be called.
type Endpoint struct {
	of      *transport
	address address
}

// Parse reads the text form of an endpoint. Its errors say what would be right.
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

// String returns the text form, of which Parse makes the same endpoint. Options are given
// if they are not the default.
func (e Endpoint) String() string { return e.of.name + ":" + e.address.String() }

// IsZero reports whether e is the zero Endpoint.
func (e Endpoint) IsZero() bool { return e.of == nil }

// IsInherited reports whether the socket was there when this process began. It can be
// opened once.
func (e Endpoint) IsInherited() bool { return !e.IsZero() && e.of.inherited }

// IsBare reports whether the text form is shown to people without a shell's quotes: they
// know the brackets of an IPv6 address well.
func (e Endpoint) IsBare() bool { return e.of.bare }

// Open opens the endpoint for a server: a listener, or the one connection that an
// inherited socket is. It gives up when ctx ends. A unix socket that a server left behind
// is replaced if nobody answers on it; closing the listener removes the socket. An address
// that is in use is EADDRINUSE.
//
// While a unix socket is made, the umask of the process is the one that gives it its
// mode.
func (e Endpoint) Open(ctx context.Context) (net.Listener, net.Conn, error) {
	l, c, err := e.address.open(ctx)
	if err != nil {
		return nil, nil, e.failed("listen on", err)
	}
	return l, c, nil
}

// Listen is Open for a caller who wants a listener.
func (e Endpoint) Listen(ctx context.Context) (net.Listener, error) {
	l, c, err := e.Open(ctx)
	if c != nil {
		return nil, errors.Join(fmt.Errorf("listen on %s: it is connected and does not listen", e), c.Close())
	}
	return l, err
}

// Dial connects to a server at the endpoint, until ctx ends. An inherited socket is
// connected already. A TCP server that vanishes is noticed: see [NoticeLoss].
func (e Endpoint) Dial(ctx context.Context) (net.Conn, error) {
	c, err := e.address.dial(ctx)
	if err != nil {
		return nil, e.failed("connect to", err)
	}
	_ = NoticeLoss(c, 0) // what is wrong with the connection, its user finds
	return c, nil
}

// failed wraps an error of doing something with the endpoint.
func (e Endpoint) failed(do string, err error) error {
	if e.of.inherited {
		do = "take over"
	}
	return fmt.Errorf("%s %s: %w", do, e, err)
}

// At returns the endpoint with the address of its listener: a port 0 has become a number.
func (e Endpoint) At(addr net.Addr) Endpoint {
	if a, ok := e.address.(movable); ok {
		e.address = a.at(addr)
	}
	return e
}

// Abs returns the endpoint by a name that is right in every working directory.
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

// Device returns the path of the socket at which virtual machines attach a virtio-9p
// device. Such an endpoint carries no bytes of 9P, and no client dials it. ok is false for
// all others.
func (e Endpoint) Device() (path string, ok bool) {
	if e.of.device == nil {
		return "", false
	}
	return e.of.device(e.address), true
}
