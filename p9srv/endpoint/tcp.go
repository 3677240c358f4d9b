package endpoint

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

var tcpTransport = transport{
	name: "tcp", form: "HOST:PORT", bare: true,
	parse:      parseTCP,
	noticeLoss: noticeTCPLoss,
	exposed:    func(addr net.Addr) bool { tcp, ok := addr.(*net.TCPAddr); return ok && !tcp.IP.IsLoopback() },
}

// tcpAddress is a port of a host. The host is a name or an IP address.
type tcpAddress struct {
	host string
	port uint16
}

// TCP returns the endpoint of a port of a host, which is a name or an IP address. A server
// with port 0 gets a free port.
func TCP(host string, port uint16) Endpoint { return Endpoint{&tcpTransport, tcpAddress{host, port}} }

func parseTCP(text string) (address, error) {
	text, options, hasOptions := strings.Cut(text, ",")
	if hasOptions {
		return nil, fmt.Errorf("option %q: a TCP endpoint has none", options)
	}
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return nil, fmt.Errorf("want tcp:HOST:PORT")
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return nil, fmt.Errorf("port %q: want a number from 0 to 65535", port)
	}
	return tcpAddress{host, uint16(n)}, nil
}

// String implements address.
func (a tcpAddress) String() string { return net.JoinHostPort(a.host, a.portText()) }

func (a tcpAddress) portText() string { return strconv.FormatUint(uint64(a.port), 10) }

func (a tcpAddress) open(ctx context.Context) (net.Listener, net.Conn, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", a.String())
	return l, nil, reason(err)
}

func (a tcpAddress) dial(ctx context.Context) (net.Conn, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", a.String())
	return c, reason(err)
}

// at implements movable.
func (a tcpAddress) at(addr net.Addr) address {
	if tcp, ok := addr.(*net.TCPAddr); ok {
		to := tcp.AddrPort()
		return tcpAddress{to.Addr().Unmap().String(), to.Port()}
	}
	return a
}

// mount implements mountable. The kernel's client looks up no names and knows no IPv6. So mount
// looks up the host and returns an IPv4 address.
func (a tcpAddress) mount(ctx context.Context) (Mount, error) {
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", a.host)
	if err != nil {
		return Mount{}, fmt.Errorf("look up %s: %w", a.host, err)
	}
	for _, ip := range addrs {
		if ip = ip.Unmap(); ip.Is4() {
			return a.mountFrom(ip.String()), nil
		}
	}
	return Mount{}, nil
}

func (a tcpAddress) mountFrom(host string) Mount {
	return Mount{Source: host, Options: []string{"trans=tcp", "port=" + a.portText()}, Network: true, Endpoint: TCP(host, a.port).String()}
}

// hint implements hinting. For a server that listens at all addresses of this machine, the
// reader must choose one.
func (a tcpAddress) hint() (Mount, bool) {
	ip, err := netip.ParseAddr(a.host)
	return a.mountFrom("THIS-MACHINE"), err == nil && ip.IsUnspecified()
}
