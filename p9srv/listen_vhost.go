package p9srv

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"fullex/p9srv/rights"
)

// defaultTag is the name by which a guest mounts the device.
const defaultTag = "fullex"

// maxTag is what a configuration space of 64 bytes holds beside the length of
// the tag (struct virtio_9p_config in Linux's include/uapi/linux/virtio_9p.h).
const maxTag = 62

func (e *Endpoint) parseVhost(options string, hasOptions bool) error {
	e.Tag = defaultTag
	return e.parseSocket(options, hasOptions)
}

func (e *Endpoint) parseTag(tag string) error {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-", r)
	}
	if tag == "" || len(tag) > maxTag || strings.TrimFunc(tag, plain) != "" {
		return fmt.Errorf("tag %q: want at most %d letters, digits and ._-", tag, maxTag)
	}
	e.Tag = tag
	return nil
}

// vhostListener takes the connections of virtual machines' vhost-user devices.
type vhostListener struct {
	net.Listener
	tag string
}

// vhostSocket is such a connection. What it carries is no 9P: see guest.
type vhostSocket struct {
	*net.UnixConn
	tag string
}

func (e Endpoint) listenVhost(ctx context.Context) (net.Listener, error) {
	if !vhostWorks {
		return nil, fmt.Errorf("listen on %s: vhost-user is for Linux", e)
	}
	if err := e.parseTag(e.Tag); err != nil {
		return nil, fmt.Errorf("listen on vhost-user:%s: %w", e.Address, err)
	}
	l, err := listenUnix(ctx, e.Address, e.Mode, true)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", e, err)
	}
	return vhostListener{l, e.Tag}, nil
}

// InheritVhost is [Endpoint.Inherit] for a unix socket, of an endpoint fd:N, that
// is for virtual machines: what is returned serves virtio-9p devices with a tag.
func (e Endpoint) InheritVhost(tag string) (net.Listener, net.Conn, error) {
	if err := e.parseTag(tag); err != nil {
		return nil, nil, err
	}
	l, c, err := e.inherit()
	if err != nil {
		return nil, nil, err
	}
	socket, connected := c.(*net.UnixConn)
	listener, listens := l.(*net.UnixListener)
	switch {
	case !vhostWorks:
		err = fmt.Errorf("serve %s: vhost-user is for Linux", e)
	case connected:
		return nil, vhostSocket{socket, tag}, nil
	case listens:
		return vhostListener{rights.Taking(listener), tag}, nil, nil
	default:
		err = fmt.Errorf("serve %s: it is no unix socket", e)
	}
	if l != nil {
		return nil, nil, errors.Join(err, l.Close())
	}
	return nil, nil, errors.Join(err, c.Close())
}

// Accept implements net.Listener.
func (l vhostListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return vhostSocket{c.(*net.UnixConn), l.tag}, nil
}
