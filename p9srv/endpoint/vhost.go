package endpoint

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"runtime"
	"strings"

	"fullex/p9srv/endpoint/rights"
)

var vhostTransport = transport{
	name: "vhost-user", form: "PATH", options: "[,tag=fullex]", local: true,
	parse:  parseVhost,
	peer:   vhostPeer,
	device: func(a address) string { return a.(vhostAddress).socket.path },
}

// vhostAddress is a unix socket for vhost-user devices, and the tag that guests mount.
type vhostAddress struct {
	socket unixAddress
	tag    string
}

// defaultTag is the tag of an endpoint without the option tag.
const defaultTag = "fullex"

// maxTag is the longest tag, in bytes. With its length, which takes two, it fits a
// configuration space of 64 bytes (struct virtio_9p_config in Linux's
// include/uapi/linux/virtio_9p.h).
const maxTag = 62

// vhostWorks reports whether this system has what vhost-user needs.
const vhostWorks = runtime.GOOS == "linux"

var errNoVhost = errors.New("vhost-user is for Linux")

// Vhost returns the endpoint of a unix socket at any path, for the devices of virtual
// machines. It returns an error for a wrong tag.
func Vhost(path, tag string) (Endpoint, error) {
	if err := checkTag(tag); err != nil {
		return Endpoint{}, fmt.Errorf("endpoint vhost-user:%s: %w", path, err)
	}
	return Endpoint{&vhostTransport, vhostAddress{unixAddress{path, defaultMode}, tag}}, nil
}

func parseVhost(text string) (address, error) {
	tag := defaultTag
	socket, err := parseSocket("vhost-user", text, func(option string) error {
		name, value, _ := strings.Cut(option, "=")
		if name != "tag" {
			return fmt.Errorf("option %q: want tag=NAME or mode=OCTAL", option)
		}
		tag = value
		return checkTag(tag)
	})
	return vhostAddress{socket, tag}, err
}

func checkTag(tag string) error {
	allowed := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-", r)
	}
	if tag == "" || len(tag) > maxTag || strings.TrimFunc(tag, allowed) != "" {
		return fmt.Errorf("tag %q: want at most %d letters, digits and ._-", tag, maxTag)
	}
	return nil
}

// String implements address.
func (a vhostAddress) String() string {
	text := pathText(a.socket.path)
	if a.tag != defaultTag {
		text += ",tag=" + a.tag
	}
	return text + a.socket.modeText()
}

func (a vhostAddress) open(ctx context.Context) (net.Listener, net.Conn, error) {
	if !vhostWorks {
		return nil, nil, errNoVhost
	}
	l, err := listenUnix(ctx, a.socket.path, a.socket.mode, true)
	if err != nil {
		return nil, nil, err
	}
	return vhostListener{l, a.tag}, nil, nil
}

func (vhostAddress) dial(context.Context) (net.Conn, error) {
	return nil, errors.New("it is for a virtual machine's virtio-9p device")
}

// abs implements relative.
func (a vhostAddress) abs() (address, error) {
	var err error
	a.socket.path, err = filepath.Abs(a.socket.path)
	return a, err
}

// hint implements hinting.
func (a vhostAddress) hint() (Mount, bool) {
	return Mount{Source: a.tag, Options: []string{"trans=virtio"}, Note: "in the guest"}, true
}

// vhostListener accepts the connections of vhost-user devices of virtual machines.
type vhostListener struct {
	net.Listener
	tag string
}

// VhostConn is the connection of a vhost-user device of a virtual machine. It carries the
// vhost-user protocol, not 9P.
type VhostConn struct {
	*net.UnixConn
	Tag string // name that the guest mounts
}

// Accept implements net.Listener.
func (l vhostListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return VhostConn{c.(*net.UnixConn), l.tag}, nil
}

// vhostPeer returns the process that runs the virtual machine. The kernel vouches for that
// process, and nobody vouches for the users in the machine.
func vhostPeer(c net.Conn, wantProcess bool) (Peer, bool) {
	socket, ok := c.(VhostConn)
	if !ok {
		return Peer{}, false
	}
	p := askSocket("vhost-user", socket.UnixConn, wantProcess)
	return Peer{Where: p.Where, Process: p.Process}, true
}

// InheritVhost opens the inherited unix socket n for virtio-9p devices with a tag. It returns
// a listener of [VhostConn] connections, or one VhostConn if the socket is connected.
func InheritVhost(n int, tag string) (net.Listener, net.Conn, error) {
	if err := checkTag(tag); err != nil {
		return nil, nil, err
	}
	e := FD(n)
	l, c, err := inheritFD(n)
	if err != nil {
		return nil, nil, e.failed("", err)
	}
	socket, connected := c.(*net.UnixConn)
	listener, listens := l.(*net.UnixListener)
	switch {
	case !vhostWorks:
		err = errNoVhost
	case connected:
		return nil, VhostConn{socket, tag}, nil
	case listens:
		return vhostListener{rights.Taking(listener), tag}, nil, nil
	default:
		err = errors.New("it is not a unix socket")
	}
	err = fmt.Errorf("serve %s: %w", e, err)
	if l != nil {
		return nil, nil, errors.Join(err, l.Close())
	}
	return nil, nil, errors.Join(err, c.Close())
}
