package endpoint

import (
	"context"
	"net"
	"slices"
	"strings"
	"time"
)

// transports are all there are, in the order in which errors and help name them.
var transports = []*transport{
	&unixTransport,
	&tcpTransport,
	&vsockTransport,
	&fdTransport,
	&vhostTransport,
}

// transport is a way between clients and a server. A function that is nil has nothing to
// do for this transport. Immutable.
type transport struct {
	name    string // what its endpoints begin with, before the colon
	form    string // what follows the colon
	options string // of servers, as help shows them behind the form

	local     bool // it needs no network
	bare      bool // see Endpoint.IsBare
	inherited bool // see Endpoint.IsInherited

	// parse reads what follows the colon.
	parse func(text string) (address, error)
	// peer asks a connection who is at its other end, and which process if that is
	// wanted. ok is false for a connection of another transport.
	peer func(c net.Conn, wantProcess bool) (p Peer, ok bool)
	// noticeLoss is NoticeLoss. It leaves connections of other transports alone.
	noticeLoss func(c net.Conn, d time.Duration) error
	// exposed is IsExposed, for addresses of this transport.
	exposed func(addr net.Addr) bool
	// device is Endpoint.Device, of a transport that carries no bytes of 9P.
	device func(a address) (path string)
}

// address is the parsed address of an endpoint, and comparable. Some do more: see below.
type address interface {
	// String returns what parse reads.
	String() string
	// open is Endpoint.Open, and dial Endpoint.Dial. Errors do not name the endpoint.
	open(ctx context.Context) (net.Listener, net.Conn, error)
	dial(ctx context.Context) (net.Conn, error)
}

type (
	// movable addresses change as they are opened: see Endpoint.At.
	movable interface{ at(addr net.Addr) address }
	// relative addresses depend on the working directory: see Endpoint.Abs.
	relative interface{ abs() (address, error) }
	// mountable addresses are those to which the kernel's client can connect itself: see
	// Endpoint.Mount. A Mount without source means that it cannot connect to this one.
	mountable interface {
		mount(ctx context.Context) (Mount, error)
	}
	// hinting addresses are mounted in another way elsewhere than on this machine: see
	// Endpoint.MountHint. ok is false if this one is not.
	hinting interface{ hint() (m Mount, ok bool) }
)

// forms is what errors say would be right.
func forms() string { return list(transports, false) }

// ServerForms returns the text forms of all endpoints at which a server listens, with
// their options, for a person to read.
func ServerForms() string { return list(transports, true) }

// ClientForms returns the text forms of the endpoints that carry bytes of 9P, to which
// clients connect.
func ClientForms() string { return list(forClients(), false) }

// ProxyForms is ServerForms without what carries no bytes of 9P.
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
