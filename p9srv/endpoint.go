package p9srv

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strconv"
	"strings"
	"syscall"
	"time"

	"fullex/p9srv/rights"
)

// Endpoint is an address at which a server listens and to which a client
// connects. It is written
//
//	unix:PATH[,mode=OCTAL]   a unix socket; mode is that of the file, 0600 unless said
//	tcp:HOST:PORT            as in net.Dial; port 0 takes a free one
//	vsock:CID:PORT           between a machine and its hypervisor (vsock(7)); CID may be any
//	fd:N                     a socket that this process has inherited
//	vhost-user:PATH[,tag=NAME][,mode=OCTAL]
//	                         a unix socket for the virtio-9p devices of virtual
//	                         machines; tag is what a guest mounts, fullex unless said
//
// A PATH is taken as it is, but for the commas in its last name: there each is
// written twice, as a single one starts the options.
type Endpoint struct {
	Network string      // "unix", "tcp", "vsock", "fd" or "vhost-user"
	Address string      // PATH, HOST:PORT, CID:PORT or N
	Mode    fs.FileMode // of a unix socket; permission bits only
	Tag     string      // of a virtio-9p device
}

// defaultMode lets only the server's own user and root connect.
const defaultMode fs.FileMode = 0o600

// endpointForms is what errors say would be right.
const endpointForms = "unix:PATH, tcp:HOST:PORT, vsock:CID:PORT, fd:N or vhost-user:PATH"

// ParseEndpoint reads the text form of an endpoint. Its errors say what would
// be right.
func ParseEndpoint(s string) (Endpoint, error) {
	network, address, ok := strings.Cut(s, ":")
	if !ok {
		return Endpoint{}, fmt.Errorf("endpoint %q: want %s", s, endpointForms)
	}
	e := Endpoint{Network: network}
	var options string
	var hasOptions bool
	if network == "unix" || network == "vhost-user" {
		e.Address, options, hasOptions = cutPath(address)
	} else {
		e.Address, options, hasOptions = strings.Cut(address, ",")
	}
	var err error
	switch network {
	case "unix":
		err = e.parseSocket(options, hasOptions)
	case "vhost-user":
		err = e.parseVhost(options, hasOptions)
	case "tcp":
		err = e.parseTCP(options, hasOptions)
	case "vsock":
		err = e.parseVsock(options, hasOptions)
	case "fd":
		err = e.parseFD(options, hasOptions)
	default:
		err = fmt.Errorf("no such kind of endpoint, want %s", endpointForms)
	}
	if err != nil {
		return Endpoint{}, fmt.Errorf("endpoint %q: %w", s, err)
	}
	return e, nil
}

// cutPath parts a path from the options behind it.
func cutPath(text string) (path, options string, hasOptions bool) {
	name := strings.LastIndexByte(text, '/') + 1
	path, rest := text[:name], text[name:]
	for {
		before, after, found := strings.Cut(rest, ",")
		path += before
		if !found || !strings.HasPrefix(after, ",") {
			return path, after, found
		}
		path, rest = path+",", after[1:]
	}
}

// pathText is what cutPath makes the path of.
func pathText(path string) string {
	name := strings.LastIndexByte(path, '/') + 1
	return path[:name] + strings.ReplaceAll(path[name:], ",", ",,")
}

// UnixEndpoint is the endpoint of a unix socket at a path, any path, with the mode
// that a socket has unless said.
func UnixEndpoint(path string) Endpoint {
	return Endpoint{Network: "unix", Address: path, Mode: defaultMode}
}

func (e *Endpoint) parseSocket(options string, hasOptions bool) error {
	e.Mode = defaultMode
	if e.Address == "" {
		return fmt.Errorf("no path, want %s:PATH", e.Network)
	}
	if e.Address[0] == '@' {
		return fmt.Errorf("abstract sockets have no mode, so anybody could connect; want a path (./@... for one that starts so)")
	}
	if name := e.Address[strings.LastIndexByte(e.Address, '/')+1:]; len(name) > maxUnixPath {
		return fmt.Errorf("the name has %d bytes, a socket's may have %d", len(name), maxUnixPath)
	}
	if !hasOptions {
		return nil
	}
	for option := range strings.SplitSeq(options, ",") {
		if err := e.parseOption(option); err != nil {
			return err
		}
	}
	return nil
}

func (e *Endpoint) parseOption(option string) error {
	name, value, _ := strings.Cut(option, "=")
	switch {
	case name == "mode":
		return e.parseMode(value)
	case name == "tag" && e.Network == "vhost-user":
		return e.parseTag(value)
	case e.Network == "vhost-user":
		return fmt.Errorf("option %q: want tag=NAME or mode=OCTAL", option)
	}
	return fmt.Errorf("option %q: want mode=OCTAL", option)
}

func (e *Endpoint) parseMode(octal string) error {
	mode, err := strconv.ParseUint(octal, 8, 32)
	if err != nil || mode > 0o777 {
		return fmt.Errorf("mode %q: want an octal number up to 0777", octal)
	}
	e.Mode = fs.FileMode(mode)
	return nil
}

func (e *Endpoint) parseTCP(options string, hasOptions bool) error {
	if hasOptions {
		return fmt.Errorf("option %q: a TCP endpoint has none", options)
	}
	_, port, err := net.SplitHostPort(e.Address)
	if err != nil {
		return fmt.Errorf("want tcp:HOST:PORT")
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n > 65535 {
		return fmt.Errorf("port %q: want a number from 0 to 65535", port)
	}
	return nil
}

// String returns the text form, of which ParseEndpoint makes the same endpoint; tag
// and mode are given if they are not the default.
func (e Endpoint) String() string {
	s := e.Network + ":" + e.Address
	if e.Network == "unix" || e.Network == "vhost-user" {
		s = e.Network + ":" + pathText(e.Address)
	}
	if e.Network == "vhost-user" && e.Tag != defaultTag {
		s += ",tag=" + e.Tag
	}
	if (e.Network == "unix" || e.Network == "vhost-user") && e.Mode != defaultMode {
		s += fmt.Sprintf(",mode=%04o", uint32(e.Mode))
	}
	return s
}

// Listen opens the endpoint for [Server.Serve], or gives up when ctx ends. A
// unix socket that a server left behind is replaced if nobody answers on it;
// closing the listener removes the socket. An address that is in use is EADDRINUSE.
//
// While a unix socket is made, the umask of the process is the one that gives it its
// mode.
func (e Endpoint) Listen(ctx context.Context) (net.Listener, error) {
	switch e.Network {
	case "unix":
		l, err := listenUnix(ctx, e.Address, e.Mode, false)
		if err != nil {
			return nil, fmt.Errorf("listen on %s: %w", e, err)
		}
		return l, nil
	case "vsock":
		return e.listenVsock()
	case "fd":
		return e.listenFD()
	case "vhost-user":
		return e.listenVhost(ctx)
	}
	var config net.ListenConfig
	l, err := config.Listen(ctx, e.Network, e.Address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", e, reason(err))
	}
	return l, nil
}

// At returns the endpoint with the address at which a listener of it listens: a
// port 0 has become a number.
func (e Endpoint) At(addr net.Addr) Endpoint {
	switch e.Network {
	case "tcp":
		e.Address = addr.String()
	case "vsock":
		if text, ok := vsockText(addr); ok {
			e.Address = text
		}
	}
	return e
}

// Dial connects to a server at the endpoint, until ctx ends. That of fd:N is
// connected already. A TCP server that vanishes is noticed: see [NoticeLoss].
func (e Endpoint) Dial(ctx context.Context) (net.Conn, error) {
	c, err := e.dial(ctx)
	if err != nil {
		return nil, err
	}
	_ = NoticeLoss(c, 0) // what is wrong with the connection, its user finds
	return c, nil
}

func (e Endpoint) dial(ctx context.Context) (net.Conn, error) {
	switch e.Network {
	case "vsock":
		return e.dialVsock(ctx)
	case "fd":
		return e.dialFD()
	case "vhost-user":
		return nil, fmt.Errorf("connect to %s: it is for a virtual machine's virtio-9p device", e)
	}
	address := e.Address
	if e.Network == "unix" {
		short, done, err := dialAddress(e.Address)
		if err != nil {
			return nil, fmt.Errorf("connect to %s: %w", e, err)
		}
		defer done()
		address = short
	}
	d := net.Dialer{Control: rights.Control}
	for {
		c, err := d.DialContext(ctx, e.Network, address)
		if err == nil {
			return c, nil
		}
		if !errors.Is(err, syscall.EAGAIN) || !wait(ctx, time.Millisecond) {
			return nil, fmt.Errorf("connect to %s: %w", e, reason(err))
		}
	}
}

// dialAddress is a path for connect(2), until done is called.
func dialAddress(path string) (address string, done func(), err error) {
	if address = plainAddress(path); len(address) <= maxUnixPath {
		return address, func() {}, nil
	}
	dir, name, err := openSocketDir(path)
	if err != nil {
		return "", nil, err
	}
	if address, err = dir.address(name); err != nil {
		return "", nil, errors.Join(err, dir.close())
	}
	return address, func() { _ = dir.close() }, nil
}

// wait returns true after d, or false when ctx ends. A unix socket whose queue
// is full says EAGAIN at once to those who would not block (unix(7)).
func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
