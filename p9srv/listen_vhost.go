package p9srv

import (
	"context"
	"fmt"
	"net"
	"strings"
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
	l, err := listenUnix(ctx, e.Address, e.Mode)
	if err != nil {
		return nil, err
	}
	return vhostListener{l, e.Tag}, nil
}

// Accept implements net.Listener.
func (l vhostListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return vhostSocket{c.(*net.UnixConn), l.tag}, nil
}
