package main

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"fullex/cmd/fullex/internal/target"
	"fullex/p9srv/endpoint"
)

// listeningAt returns the endpoint at which a process of this machine listens: a unix socket
// if it has one, and otherwise TCP over IPv4.
func listeningAt(pid int) (target.Name, error) {
	sockets, err := socketsOf(pid)
	if err != nil {
		return target.Name{}, err
	}
	dir := fmt.Sprintf("/proc/%d/net/", pid)
	// Columns as in proc(5). A unix socket that listens has the flag 00010000
	// (__SO_ACCEPTCON), a TCP socket the state 0A.
	for _, row := range rows(dir + "unix") {
		if len(row) == 8 && row[3] == "00010000" && slices.Contains(sockets, row[6]) && filepath.IsAbs(row[7]) {
			return target.AtEndpoint(endpoint.Unix(row[7])), nil
		}
	}
	for _, row := range rows(dir + "tcp") {
		if len(row) > 9 && row[3] == "0A" && slices.Contains(sockets, row[9]) {
			if host, port, ok := tcpAddress(row[1]); ok {
				return target.AtEndpoint(endpoint.TCP(host, port)), nil
			}
		}
	}
	return target.Name{}, fmt.Errorf("process %d listens at no socket that can be reached from here", pid)
}

// socketsOf returns the inode numbers of the sockets of a process.
func socketsOf(pid int) ([]string, error) {
	dir := fmt.Sprintf("/proc/%d/fd", pid)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("look at the sockets of process %d: %w", pid, err)
	}
	var inodes []string
	for _, e := range entries {
		to, err := os.Readlink(filepath.Join(dir, e.Name()))
		if err != nil {
			continue // it was closed meanwhile
		}
		if inode, ok := strings.CutPrefix(to, "socket:["); ok {
			inodes = append(inodes, strings.TrimSuffix(inode, "]"))
		}
	}
	return inodes, nil
}

// rows returns the columns of the lines of a file; none if it cannot be read.
func rows(path string) (all [][]string) {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		all = append(all, strings.Fields(lines.Text()))
	}
	return all
}

// tcpAddress reads an address such as 0100007F:1608: the bytes of an IPv4 address in reverse,
// as little-endian machines show them, and the port. For 0.0.0.0 it returns 127.0.0.1.
func tcpAddress(text string) (host string, port uint16, ok bool) {
	first, second, _ := strings.Cut(text, ":")
	ip, err := hex.DecodeString(first)
	n, portErr := strconv.ParseUint(second, 16, 16)
	if err != nil || portErr != nil || len(ip) != net.IPv4len {
		return "", 0, false
	}
	slices.Reverse(ip)
	if net.IP(ip).IsUnspecified() {
		return "127.0.0.1", uint16(n), true
	}
	return net.IP(ip).String(), uint16(n), true
}
