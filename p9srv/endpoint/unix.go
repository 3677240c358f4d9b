package endpoint

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"fullex/p9srv/deadline"
	"fullex/p9srv/endpoint/rights"
)

var unixTransport = transport{
	name: "unix", form: "PATH", options: "[,mode=0660]", local: true,
	parse: parseUnix,
	peer:  unixPeer,
}

// unixAddress is the path of a unix socket and, for servers, the mode of its file.
type unixAddress struct {
	path string
	mode fs.FileMode
}

// defaultMode lets only the server's own user and root connect.
const defaultMode fs.FileMode = 0o600

// Unix returns the endpoint of a unix socket at any path, with the default mode.
func Unix(path string) Endpoint { return Endpoint{&unixTransport, unixAddress{path, defaultMode}} }

func parseUnix(text string) (address, error) {
	return parseSocket("unix", text, func(option string) error {
		return fmt.Errorf("option %q: want mode=OCTAL", option)
	})
}

// parseSocket reads the path and the mode of a socket, for the transport with that name.
// It passes all other options to takeOption.
func parseSocket(name, text string, takeOption func(string) error) (unixAddress, error) {
	path, options, hasOptions := cutPath(text)
	a := unixAddress{path, defaultMode}
	if path == "" {
		return a, fmt.Errorf("no path, want %s:PATH", name)
	}
	if path[0] == '@' {
		return a, fmt.Errorf("abstract sockets have no mode, so anybody could connect; want a path (./@NAME for a file @NAME)")
	}
	if last := path[strings.LastIndexByte(path, '/')+1:]; len(last) > maxUnixPath {
		return a, fmt.Errorf("the name has %d bytes, a socket's may have %d", len(last), maxUnixPath)
	}
	if !hasOptions {
		return a, nil
	}
	for option := range strings.SplitSeq(options, ",") {
		var err error
		if name, octal, _ := strings.Cut(option, "="); name == "mode" {
			a.mode, err = parseMode(octal)
		} else {
			err = takeOption(option)
		}
		if err != nil {
			return a, err
		}
	}
	return a, nil
}

func parseMode(octal string) (fs.FileMode, error) {
	mode, err := strconv.ParseUint(octal, 8, 32)
	if err != nil || mode > 0o777 {
		return 0, fmt.Errorf("mode %q: want an octal number up to 0777", octal)
	}
	return fs.FileMode(mode), nil
}

// cutPath separates a path from the options after it. In the path's last name it turns two
// commas into one.
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

// pathText returns the text from which cutPath reads the path.
func pathText(path string) string {
	name := strings.LastIndexByte(path, '/') + 1
	return path[:name] + strings.ReplaceAll(path[name:], ",", ",,")
}

// String implements address.
func (a unixAddress) String() string { return pathText(a.path) + a.modeText() }

// modeText returns the option for the mode, or "" if that is the default.
func (a unixAddress) modeText() string {
	if a.mode == defaultMode {
		return ""
	}
	return fmt.Sprintf(",mode=%04o", uint32(a.mode))
}

func (a unixAddress) open(ctx context.Context) (net.Listener, net.Conn, error) {
	l, err := listenUnix(ctx, a.path, a.mode, false)
	return l, nil, err
}

func (a unixAddress) dial(ctx context.Context) (net.Conn, error) {
	path, done, err := dialAddress(a.path)
	if err != nil {
		return nil, err
	}
	defer done()
	d := net.Dialer{Control: rights.Control}
	for {
		c, err := d.DialContext(ctx, "unix", path)
		if err == nil {
			return c, nil
		}
		// If the queue of a unix socket is full, a connect that does not block returns
		// EAGAIN at once (unix(7)).
		if !errors.Is(err, syscall.EAGAIN) || deadline.Sleep(ctx, time.Millisecond) != nil {
			return nil, reason(err)
		}
	}
}

// dialAddress returns a path for connect(2) that is valid until done is called.
func dialAddress(path string) (address string, done func(), err error) {
	if address = notAbstract(path); len(address) <= maxUnixPath {
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

// abs implements relative.
func (a unixAddress) abs() (address, error) {
	var err error
	a.path, err = filepath.Abs(a.path)
	return a, err
}

// mount implements mountable. The kernel's client takes a path of at most maxUnixPath bytes
// (UNIX_PATH_MAX in Linux's net/9p/trans_fd.c). The path must have no comma, because a comma
// ends an option of mount(8).
func (a unixAddress) mount(context.Context) (Mount, error) {
	if strings.Contains(a.path, ",") || len(a.path) > maxUnixPath {
		return Mount{}, nil
	}
	return Mount{Source: a.path, Options: []string{"trans=unix"}, Endpoint: Unix(a.path).String()}, nil
}

func unixPeer(c net.Conn, wantProcess bool) (Peer, bool) {
	socket, ok := c.(*net.UnixConn)
	if !ok {
		return Peer{}, false
	}
	return askSocket("unix", socket, wantProcess), true
}
