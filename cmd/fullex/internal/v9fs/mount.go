package v9fs

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"syscall"

	"fullex/cmd/fullex/internal/quote"
	"fullex/p9srv"
)

// Mount is a server, and where it is to appear.
type Mount struct {
	Endpoint p9srv.Endpoint
	Dir      string
	Options  Options // besides those that every mount needs
	Fake     bool    // check everything, and do not call mount(2)
}

// transport is a way for the kernel to reach the server.
type transport struct {
	source string  // the first argument of mount(2)
	data   Options // of the transport
	fd     bool    // a connected socket is handed over
}

// transport chooses the way.
func (m Mount) transport(ctx context.Context) (transport, error) {
	e, err := m.fixed()
	if err != nil {
		return transport{}, err
	}
	handed := transport{source: e.String(), data: Options{"trans=fd"}, fd: true}
	if trans, _ := m.Options.value("trans"); trans == "fd" {
		return handed, nil
	}
	switch m.Endpoint.Network {
	case "unix":
		if strings.Contains(e.Address, ",") || len(e.Address) > maxUnixPath {
			return handed, nil
		}
		return transport{source: e.Address, data: Options{"trans=unix"}}, nil
	case "tcp":
		ip, port, err := m.ipv4(ctx)
		if err != nil || ip == "" {
			return handed, err
		}
		return transport{source: ip, data: Options{"trans=tcp", "port=" + port}}, nil
	}
	return handed, nil
}

// maxUnixPath is the longest path at which the kernel's client connects, in bytes
// (UNIX_PATH_MAX in Linux's net/9p/trans_fd.c).
const maxUnixPath = 107

// fixed is the endpoint as it is named everywhere: a line may be pasted in another
// directory, and fstab is read in none.
func (m Mount) fixed() (p9srv.Endpoint, error) {
	e := m.Endpoint
	if e.Network != "unix" {
		return e, nil
	}
	var err error
	if e.Address, err = filepath.Abs(e.Address); err != nil {
		return e, fmt.Errorf("find the socket: %w", err)
	}
	return e, nil
}

// ipv4 returns the first IPv4 address of a TCP endpoint's host, as the kernel
// looks up no names, or "" if there is none.
func (m Mount) ipv4(ctx context.Context) (ip, port string, err error) {
	host, port, err := net.SplitHostPort(m.Endpoint.Address)
	if err != nil {
		return "", "", fmt.Errorf("%s: want tcp:HOST:PORT", m.Endpoint)
	}
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return "", "", fmt.Errorf("look up %s: %w", host, err)
	}
	for _, a := range addrs {
		if a = a.Unmap(); a.Is4() {
			return a.String(), port, nil
		}
	}
	return "", port, nil
}

// Line returns the command that mounts this, to be typed as root: mount(8) where
// it can, and otherwise fullex.
func (m Mount) Line(ctx context.Context) (string, error) {
	t, err := m.transport(ctx)
	if err != nil {
		return "", err
	}
	if t.fd {
		words := []string{"fullex", "mount", "--v9fs"}
		if len(m.Options) > 0 {
			words = append(words, "-o", quote.Shell(strings.Join(m.Options, ",")))
		}
		return strings.Join(append(words, quote.Shell(t.source), quote.Shell(m.Dir)), " "), nil
	}
	return fmt.Sprintf("mount -t 9p -o %s %s %s", quote.Shell(m.options(t)), quote.Shell(t.source), quote.Shell(m.Dir)), nil
}

// Fstab returns the entry of fstab(5). One that hands a socket over needs fullex
// installed as mount.fullex.
func (m Mount) Fstab(ctx context.Context) (string, error) {
	t, err := m.transport(ctx)
	if err != nil {
		return "", err
	}
	kind, source, options := "9p", t.source, m.options(t)
	if t.fd {
		kind, options = "fullex", strings.Join(m.Options, ",")
	}
	all := ParseOptions(options)
	if !all.has("_netdev") && m.Endpoint.Network != "unix" {
		all = append(all, "_netdev")
	}
	if len(all) == 0 {
		all = Options{"defaults"}
	}
	dir, err := filepath.Abs(m.Dir)
	if err != nil {
		return "", fmt.Errorf("find the directory: %w", err)
	}
	return strings.Join([]string{quote.Fstab(source), quote.Fstab(dir), kind, quote.Fstab(strings.Join(all, ",")), "0", "0"}, " "), nil
}

// options are all of the mount with a transport, as mount(8) takes them.
func (m Mount) options(t transport) string {
	rest := m.Options.without("trans", "port", "rfdno", "wfdno").withOurs()
	return strings.Join(append(t.data[:len(t.data):len(t.data)], rest...), ",")
}

// Do mounts. The server must answer: who would see a mount fail without a word
// otherwise sees why.
func (m Mount) Do(ctx context.Context) error {
	t, err := m.transport(ctx)
	if err != nil {
		return err
	}
	conn, err := m.Endpoint.Dial(ctx)
	if err != nil {
		return fmt.Errorf("%w (is fullex serve running there?)", err)
	}
	if t.fd {
		return errors.Join(m.handOver(t, conn), conn.Close()) // the kernel has its own reference
	}
	return errors.Join(conn.Close(), m.mount(t))
}

// handOver mounts over a connected socket.
func (m Mount) handOver(t transport, conn net.Conn) error {
	socket, ok := conn.(syscall.Conn)
	if !ok {
		return fmt.Errorf("mount %s: %T has no descriptor to hand over", m.Endpoint, conn)
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return fmt.Errorf("mount %s: reach the socket: %w", m.Endpoint, err)
	}
	var mountErr error
	err = raw.Control(func(fd uintptr) {
		t.data = append(t.data, fmt.Sprintf("rfdno=%d", fd), fmt.Sprintf("wfdno=%d", fd))
		mountErr = m.mount(t)
	})
	return errors.Join(err, mountErr)
}

// mount calls mount(2).
func (m Mount) mount(t transport) error {
	flags, data, err := ParseOptions(m.options(t)).split()
	if err != nil || m.Fake {
		return err
	}
	if err := sysMount(t.source, m.Dir, flags, strings.Join(data, ",")); err != nil {
		return fmt.Errorf("mount %s at %s: %w", m.Endpoint, m.Dir, explained(err))
	}
	return nil
}
