package p9srv

import (
	"context"
	"fmt"
	"math"
	"net"
	"strconv"
	"strings"

	"github.com/mdlayher/vsock"
)

// anyCID is VMADDR_CID_ANY (vsock(7)): whichever context ids this machine has.
const anyCID = math.MaxUint32

func (e *Endpoint) parseVsock(options string, hasOptions bool) error {
	if hasOptions {
		return fmt.Errorf("option %q: a vsock endpoint has none", options)
	}
	_, _, err := e.vsockAddress()
	return err
}

// vsockAddress splits CID:PORT. Both are 32 bits wide.
func (e Endpoint) vsockAddress() (cid, port uint32, err error) {
	first, second, ok := strings.Cut(e.Address, ":")
	if !ok {
		return 0, 0, fmt.Errorf("want vsock:CID:PORT")
	}
	cid = anyCID
	if first != "any" {
		n, err := strconv.ParseUint(first, 10, 32)
		if err != nil {
			return 0, 0, fmt.Errorf("context id %q: want a number (2 is the host, 1 this machine) or any", first)
		}
		cid = uint32(n)
	}
	n, err := strconv.ParseUint(second, 10, 32)
	if err != nil {
		return 0, 0, fmt.Errorf("port %q: want a number of 32 bits", second)
	}
	return cid, uint32(n), nil
}

func (e Endpoint) listenVsock() (net.Listener, error) {
	cid, port, err := e.vsockAddress()
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", e, err)
	}
	l, err := vsock.ListenContextID(cid, port, nil)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", e, vsockReason(err))
	}
	return l, nil
}

func (e Endpoint) dialVsock(ctx context.Context) (net.Conn, error) {
	cid, port, err := e.vsockAddress()
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", e, err)
	}
	c, err := vsock.DialContext(ctx, cid, port, nil)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", e, vsockReason(err))
	}
	return c, nil
}

// vsockReason is reason, and says what is missing where there is no vsock.
func vsockReason(err error) error {
	err = reason(err)
	if isNoVsock(err) {
		return fmt.Errorf("%w (no vsock here: module vsock, or vsock_loopback for context id 1, is not loaded)", err)
	}
	return err
}

// vsockPeer returns the context id of a connection's peer, which the hypervisor
// vouches for, and whether the connection is of vsock.
func vsockPeer(c net.Conn) (cid uint32, ok bool) {
	addr, ok := c.RemoteAddr().(*vsock.Addr)
	if !ok {
		return 0, false
	}
	return addr.ContextID, true
}

// vsockText is CID:PORT of an address.
func vsockText(addr net.Addr) (string, bool) {
	a, ok := addr.(*vsock.Addr)
	if !ok {
		return "", false
	}
	cid := strconv.FormatUint(uint64(a.ContextID), 10)
	if a.ContextID == anyCID {
		cid = "any"
	}
	return cid + ":" + strconv.FormatUint(uint64(a.Port), 10), true
}
