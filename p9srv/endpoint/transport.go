package endpoint

import (
	"context"
	"net"
	"slices"
	"strings"
	"time"
)

// transports lists all transports, in the order of errors and help texts.
var transports = []*transport{
	&unixTransport,
	&tcpTransport,
	&vsockTransport,
	&fdTransport,
	&vhostTransport,
}

// transport is a kind of connection between clients and a server. It is immutable. All
// functions but parse may be nil.
type transport struct {
	name    string // text before the colon of an endpoint
	form    string // form of the text after the colon
	options string // options of servers, which help texts show after the form

	local     bool // it needs no network
	bare      bool // see Endpoint.IsBare
	inherited bool // see Endpoint.IsInherited

	// parse reads the text after the colon.
	parse func(text string) (address, error)
	// peer implements PeerOf. ok is false for a connection of another transport.
	peer func(c net.Conn, wantProcess bool) (p Peer, ok bool)
	// noticeLoss implements NoticeLoss. It does nothing to a connection of another
	// transport.
	noticeLoss func(c net.Conn, d time.Duration) error
	// exposed implements IsExposed. It is false for an address of another transport.
	exposed func(addr net.Addr) bool
	// device implements Endpoint.Device. It is nil if the transport carries bytes of 9P.
	device func(a address) (path string)
}

// address is the parsed address of an endpoint. It is comparable. It may implement some of
// the interfaces below.
type address interface {
	// String returns the text after the colon, which parse reads.
	String() string
	// open implements Endpoint.Open, and dial implements Endpoint.Dial. Their errors do
	// not name the endpoint.
	open(ctx context.Context) (net.Listener, net.Conn, error)
	dial(ctx context.Context) (net.Conn, error)
}

type (
	// movable is implemented by addresses that differ from those of their listeners: see
	// Endpoint.At.
	movable interface{ at(addr net.Addr) address }
	// relative is implemented by addresses that depend on the working directory: see
	// Endpoint.Abs.
	relative interface{ abs() (address, error) }
	// mountable is implemented by addresses to which the kernel's 9p client may be able to
	// connect by itself: see Endpoint.Mount. If it cannot, the Mount has no Source.
	mountable interface {
		mount(ctx context.Context) (Mount, error)
	}
	// hinting is implemented by addresses that other machines may mount in another way: see
	// Endpoint.MountHint. If ok is false, they mount this one as this machine does.
	hinting interface{ hint() (m Mount, ok bool) }
)

// forms returns the text forms of all endpoints, for an error.
func forms() string { return list(transports, false) }

// ServerForms returns the text forms of all endpoints of servers, with their options, as
// "a, b or c".
func ServerForms() string { return list(transports, true) }

// ClientForms returns the text forms of all endpoints to which clients connect: those that
// carry bytes of 9P.
func ClientForms() string { return list(forClients(), false) }

// ProxyForms returns what ServerForms does, but only endpoints that carry bytes of 9P.
func ProxyForms() string { return list(forClients(), true) }

func forClients() []*transport {
	return slices.DeleteFunc(slices.Clone(transports), func(t *transport) bool { return t.device != nil })
}

// list returns "a, b or c".
func list(some []*transport, options bool) string {
	var texts []string
	for _, t := range some {
		text := t.name + ":" + t.form
		if options {
			text += t.options
		}
		texts = append(texts, text)
	}
	last := len(texts) - 1
	return strings.Join(texts[:last], ", ") + " or " + texts[last]
}
