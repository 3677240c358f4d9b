package main

import (
	"context"
	"net"
	"strings"

	"fullex/cmd/fullex/internal/v9fs"
	"fullex/p9srv"
)

// mountLine is the shell command that mounts a server which listens at an
// endpoint, as others reach it.
func mountLine(ctx context.Context, e p9srv.Endpoint, dir string) string {
	switch e.Network {
	case "fd":
		return "it is up to who made the socket"
	case "vsock":
		_, port, _ := strings.Cut(e.Address, ":")
		return "fullex mount --v9fs vsock:2:" + port + " " + dir + " (in a guest of this machine)"
	case "tcp":
		host, port, err := net.SplitHostPort(e.Address)
		if ip := net.ParseIP(host); err == nil && ip != nil && ip.IsUnspecified() {
			return "mount -t 9p -o trans=tcp,port=" + port + ",version=9p2000.L,noxattr THIS-MACHINE " + dir
		}
	}
	line, err := v9fs.Mount{Endpoint: e, Dir: dir}.Line(ctx)
	if err != nil {
		return "fullex mount --v9fs " + e.String() + " " + dir
	}
	return line
}
