package v9fs

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"fullex/cmd/fullex/internal/quote"
	"fullex/p9srv/endpoint"
)

// Mount describes a mount: a server and the directory to mount it at.
type Mount struct {
	Endpoint endpoint.Endpoint
	Dir      string
	Options  Options // besides those that every mount needs
	Fake     bool    // check everything, but do not call mount(2)
}

// way returns how the kernel reaches the server.
func (m Mount) way(ctx context.Context) (endpoint.Mount, error) {
	if trans, _ := m.Options.value("trans"); trans == "fd" {
		return m.Endpoint.MountSocket()
	}
	return m.Endpoint.Mount(ctx)
}

// Line returns the command for this mount, for root to type.
func (m Mount) Line(ctx context.Context) (string, error) {
	way, err := m.way(ctx)
	if err != nil {
		return "", err
	}
	return Line(way, m.Dir, m.Options...), nil
}

// Line returns the command for a mount, for root to type: mount(8), or fullex where that
// must connect to the server itself.
func Line(way endpoint.Mount, dir string, options ...string) string {
	words := []string{"mount", "-t", "9p", "-o", quote.Shell(allOptions(way, options))}
	if way.Socket {
		words = []string{"fullex", "mount", "--v9fs"}
		if len(options) > 0 {
			words = append(words, "-o", quote.Shell(strings.Join(options, ",")))
		}
	}
	return strings.Join(append(words, quote.Shell(way.Source), quote.Shell(dir)), " ")
}

// Fstab returns the mount's entry for fstab(5). If fullex must connect to the server, the
// entry needs fullex installed as mount.fullex.
func (m Mount) Fstab(ctx context.Context) (string, error) {
	way, err := m.way(ctx)
	if err != nil {
		return "", err
	}
	kind, options := "9p", allOptions(way, m.Options)
	if way.Socket {
		kind, options = "fullex", strings.Join(m.Options, ",")
	}
	all := ParseOptions(options)
	if !all.has("_netdev") && way.Network {
		all = append(all, "_netdev")
	}
	if len(all) == 0 {
		all = Options{"defaults"}
	}
	dir, err := filepath.Abs(m.Dir)
	if err != nil {
		return "", fmt.Errorf("find the directory: %w", err)
	}
	return strings.Join([]string{quote.Fstab(way.Source), quote.Fstab(dir), kind, quote.Fstab(strings.Join(all, ",")), "0", "0"}, " "), nil
}

// allOptions returns the options of a way, of the user and ours, in the form for mount(8).
func allOptions(way endpoint.Mount, given Options) string {
	rest := given.without("trans", "port", "rfdno", "wfdno").withOurs()
	return strings.Join(slices.Concat(way.Options, rest), ",")
}

// Do mounts the server. It first connects to the server itself, because a failed connection
// says more than an errno of mount(2).
func (m Mount) Do(ctx context.Context) error {
	way, err := m.way(ctx)
	if err != nil {
		return err
	}
	conn, err := m.Endpoint.Dial(ctx)
	if err != nil {
		return fmt.Errorf("%w (is fullex serve running there?)", err)
	}
	if way.Socket {
		return errors.Join(m.handOver(way, conn), conn.Close()) // the kernel has its own reference
	}
	return errors.Join(conn.Close(), m.mount(way))
}

// handOver mounts over a connected socket.
func (m Mount) handOver(way endpoint.Mount, conn net.Conn) error {
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
		way.Options = append(way.Options, fmt.Sprintf("rfdno=%d", fd), fmt.Sprintf("wfdno=%d", fd))
		mountErr = m.mount(way)
	})
	return errors.Join(err, mountErr)
}

// mount calls mount(2).
func (m Mount) mount(way endpoint.Mount) error {
	flags, data, err := ParseOptions(allOptions(way, m.Options)).split()
	if err != nil || m.Fake {
		return err
	}
	if err := sysMount(way.Source, m.Dir, flags, strings.Join(data, ",")); err != nil {
		return fmt.Errorf("mount %s at %s: %w", m.Endpoint, m.Dir, explained(err))
	}
	return nil
}
