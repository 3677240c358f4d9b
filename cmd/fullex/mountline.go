package main

import (
	"fmt"
	"net"
	"path/filepath"
	"strings"

	"fullex/p9srv"
)

// mountCommand is the shell command that mounts an endpoint with the Linux 9p
// client. noxattr saves a message for every write (Linux 6.8 and later).
func mountCommand(e p9srv.Endpoint, dir string) string {
	const options = "version=9p2000.L,noxattr"
	if e.Network == "unix" {
		return fmt.Sprintf("mount -t 9p -o trans=unix,%s %s %s", options, quoted(absolute(e.Address)), dir)
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

// absolute is the path from wherever the command is typed.
func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

// quoted is a word as a shell takes it.
func quoted(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/._-+:@%,=", r)
	}
	if strings.TrimFunc(word, plain) == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
