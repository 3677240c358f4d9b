package main

import (
	"fmt"
	"net"

	"fullex/p9srv"
)

// mountCommand is the shell command that mounts an endpoint with the Linux 9p
// client. noxattr saves a message for every write (Linux 6.8 and later).
func mountCommand(e p9srv.Endpoint, dir string) string {
	const options = "version=9p2000.L,noxattr"
	if e.Network == "unix" {
		return fmt.Sprintf("mount -t 9p -o trans=unix,%s %s %s", options, e.Address, dir)
	}
	host, port, err := net.SplitHostPort(e.Address)
	if err != nil {
		host, port = e.Address, "5640"
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "THIS-MACHINE"
	}
	return fmt.Sprintf("mount -t 9p -o trans=tcp,port=%s,%s %s %s", port, options, host, dir)
}
