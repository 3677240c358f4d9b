package main

import (
	"context"
	"net"
	"strings"

	"fullex/cmd/fullex/internal/quote"
	"fullex/cmd/fullex/internal/v9fs"
	"fullex/p9srv"
)

// toCopy is an endpoint for a person who copies it to a shell. An IPv6 address is
// well known in its brackets.
func toCopy(e p9srv.Endpoint) string {
	if e.Network == "tcp" {
		return e.String()
	}
	return quote.Shell(e.String())
}

// mountLine is the shell command that mounts a server which listens at an
// endpoint, as others reach it.
func mountLine(ctx context.Context, e p9srv.Endpoint, dir string) string {
	switch e.Network {
	case "fd":
		return "it is up to who made the socket"
	case "vsock":
		_, port, _ := strings.Cut(e.Address, ":")
		return "fullex mount --v9fs vsock:2:" + port + " " + quote.Shell(dir) + " (in a guest of this machine)"
	case "tcp":
		host, port, err := net.SplitHostPort(e.Address)
		if ip := net.ParseIP(host); err == nil && ip != nil && ip.IsUnspecified() {
			return "mount -t 9p -o trans=tcp,port=" + port + ",version=9p2000.L,noxattr THIS-MACHINE " + quote.Shell(dir)
		}
	}
	line, err := v9fs.Mount{Endpoint: e, Dir: dir}.Line(ctx)
	if err != nil {
		return "fullex mount --v9fs " + quote.Shell(e.String()) + " " + quote.Shell(dir)
	}
	return line
}
