package main

import (
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"syscall"
)

// outputs returns the writers to which a command prints. The arguments may name the socket
// of a standard stream as an endpoint, as when inetd starts a server. Such a stream is for
// the protocol alone, and its writer drops everything.
func outputs(args []string) (stdout, stderr io.Writer) {
	stdout, stderr = os.Stdout, os.Stderr
	for _, fd := range inheritedSockets(args) {
		if isSameSocket(syscall.Stdout, fd) {
			stdout = io.Discard
		}
		if isSameSocket(syscall.Stderr, fd) {
			stderr = io.Discard
		}
	}
	return stdout, stderr
}

// namedSocket finds fd:0, --listen=fd:0 and --fd 0 in a text with one argument a line.
var namedSocket = regexp.MustCompile(`(?m)(?:^|=)fd:(\d+)$|^--?fd[=\n](\d+)$`)

// inheritedSockets returns the descriptors that the arguments name. For run it returns none:
// its arguments are for another command.
func inheritedSockets(args []string) (fds []int) {
	if len(args) > 1 && args[1] == "run" {
		return nil
	}
	for _, found := range namedSocket.FindAllStringSubmatch(strings.Join(args, "\n"), -1) {
		if fd, err := strconv.Atoi(found[1] + found[2]); err == nil {
			fds = append(fds, fd)
		}
	}
	return fds
}

// isSameSocket reports whether two descriptors are of the same socket.
func isSameSocket(a, b int) bool {
	var one, other syscall.Stat_t
	if syscall.Fstat(a, &one) != nil || syscall.Fstat(b, &other) != nil {
		return false // one of them is not open
	}
	return one.Mode&syscall.S_IFMT == syscall.S_IFSOCK && one.Dev == other.Dev && one.Ino == other.Ino
}
