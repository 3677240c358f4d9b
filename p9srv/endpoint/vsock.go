package endpoint

import (
	"context"
	"fmt"
	"math"
	"net"
	"strconv"
	"strings"

	"github.com/mdlayher/vsock"
)

var vsockTransport = transport{
	name: "vsock", form: "CID:PORT",
	parse: parseVsock,
	peer:  vsockPeer,
}

// vsockAddress is a port of a machine. The machine is named by its context id.
type vsockAddress struct{ cid, port uint32 }

// Special context ids (vsock(7)).
const (
	hostCID = 2              // VMADDR_CID_HOST: the host, as a guest sees it
	anyCID  = math.MaxUint32 // VMADDR_CID_ANY: all context ids of this machine
)

func parseVsock(text string) (address, error) {
	text, options, hasOptions := strings.Cut(text, ",")
	if hasOptions {
		return nil, fmt.Errorf("option %q: a vsock endpoint has none", options)
	}
	first, second, ok := strings.Cut(text, ":")
	if !ok {
		return nil, fmt.Errorf("want vsock:CID:PORT")
	}
	cid := uint64(anyCID)
	if first != "any" {
		var err error
		if cid, err = strconv.ParseUint(first, 10, 32); err != nil {
			return nil, fmt.Errorf("context id %q: want a number (2 is the host, 1 this machine) or any", first)
		}
	}
	port, err := strconv.ParseUint(second, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("port %q: want a number of 32 bits", second)
	}
	return vsockAddress{uint32(cid), uint32(port)}, nil
}

// String implements address.
func (a vsockAddress) String() string {
	if a.cid == anyCID {
		return fmt.Sprintf("any:%d", a.port)
	}
	return fmt.Sprintf("%d:%d", a.cid, a.port)
}

func (a vsockAddress) open(context.Context) (net.Listener, net.Conn, error) {
	l, err := listenVsock(a.cid, a.port)
	if err != nil {
		return nil, nil, vsockReason(err)
	}
	return l, nil, nil
}

func (a vsockAddress) dial(ctx context.Context) (net.Conn, error) {
	c, err := vsock.DialContext(ctx, a.cid, a.port, nil)
	if err != nil {
		return nil, vsockReason(err)
	}
	return c, nil
}

// at implements movable.
func (a vsockAddress) at(addr net.Addr) address {
	if v, ok := addr.(*vsock.Addr); ok {
		return vsockAddress{v.ContextID, v.Port}
	}
	return a
}

// hint implements hinting. The hint is for guests, which reach this machine as their host.
func (a vsockAddress) hint() (Mount, bool) {
	m, err := Endpoint{&vsockTransport, vsockAddress{hostCID, a.port}}.MountSocket()
	m.Note = "in a guest of this machine"
	return m, err == nil
}

// vsockReason returns what reason does. If the kernel has no vsock, it adds which module is
// missing.
func vsockReason(err error) error {
	err = reason(err)
	if isNoVsock(err) {
		return fmt.Errorf("%w (no vsock here: module vsock, or vsock_loopback for context id 1, is not loaded)", err)
	}
	return err
}

// vsockPeer returns the virtual machine. The hypervisor vouches for the machine, and nobody
// vouches for the users in it.
func vsockPeer(c net.Conn, _ bool) (Peer, bool) {
	addr, ok := c.RemoteAddr().(*vsock.Addr)
	if !ok {
		return Peer{}, false
	}
	where := fmt.Sprintf("vsock cid=%d", addr.ContextID)
	return Peer{Where: where, Process: where}, true
}
