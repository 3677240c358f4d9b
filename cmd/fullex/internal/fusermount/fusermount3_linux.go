package fusermount

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"golang.org/x/sys/unix"
)

// helperName is the program's argument 0, so its messages begin with this name, whatever
// the program's path.
const helperName = "fusermount3"

// errNoHelper is for a user that needs fusermount3 on a system without it.
var errNoHelper = errors.New("fusermount3 is not installed, and only root can mount without it: install the package fuse3")

// find returns the path of fusermount3. PATH may be empty, as in a service.
func find() (path string, err error) {
	for _, file := range []string{"fusermount3", "/usr/bin/fusermount3", "/bin/fusermount3", "fusermount", "/bin/fusermount"} {
		if path, err := exec.LookPath(file); err == nil {
			return path, nil
		}
	}
	return "", errNoHelper
}

// withHelper mounts with fusermount3, which sends the connection's descriptor over a socket
// (libfuse's lib/mount.c).
func withHelper(dir string, options []string) (fd int, err error) {
	path, err := find()
	if err != nil {
		return -1, err
	}
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, os.NewSyscallError("socketpair", err)
	}
	remote := os.NewFile(uintptr(pair[1]), "fusermount3")
	defer func() { err = errors.Join(err, unix.Close(pair[0])) }()
	options = append([]string{"fsname=" + name, "subtype=" + name}, options...)
	err = run(path, remote, "-o", strings.Join(options, ","), dir)
	if closeErr := remote.Close(); closeErr != nil {
		return -1, errors.Join(err, closeErr)
	}
	if err != nil {
		return -1, withAdvice(err, mountAdvice(path, dir, options))
	}
	return receive(pair[0])
}

// run runs fusermount3. The error is the program's message, in one line.
func run(path string, socket *os.File, args ...string) error {
	var said bytes.Buffer
	cmd := exec.Command(path, args...)
	cmd.Args[0] = helperName
	cmd.Dir = "/" // the working directory may be gone
	cmd.Stderr = &said
	if socket != nil {
		cmd.Env = []string{"_FUSE_COMMFD=3"}
		cmd.ExtraFiles = []*os.File{socket}
	}
	err := cmd.Run()
	if err == nil {
		return nil
	}
	lines := strings.Split(strings.TrimSpace(said.String()), "\n")
	if lines[0] == "" {
		return fmt.Errorf("%s: %w", helperName, err)
	}
	for i := range lines[1:] {
		lines[i+1] = strings.TrimPrefix(lines[i+1], helperName+": ")
	}
	return errors.New(strings.Join(lines, "; "))
}

// receive receives one descriptor over a socket.
func receive(socket int) (fd int, err error) {
	rights := make([]byte, unix.CmsgSpace(4))
	_, n, _, _, err := unix.Recvmsg(socket, make([]byte, 1), rights, unix.MSG_CMSG_CLOEXEC)
	if err != nil {
		return -1, fmt.Errorf("receive the connection from %s: %w", helperName, err)
	}
	messages, err := unix.ParseSocketControlMessage(rights[:n])
	if err != nil || len(messages) != 1 {
		return -1, fmt.Errorf("%s sent no connection", helperName)
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil || len(fds) != 1 {
		return -1, fmt.Errorf("%s sent no connection", helperName)
	}
	return fds[0], nil
}

// unmountWithHelper unmounts with fusermount3, for users without the right.
func unmountWithHelper(dir string, lazy bool) error {
	path, err := find()
	if err != nil {
		return err
	}
	how := "-u"
	if lazy {
		how = "-uz"
	}
	err = run(path, nil, how, dir)
	if err == nil {
		return nil
	}
	advice := powerlessAdvice(path)
	if advice == "" && !lazy { // the mount may be in use, which the program reports without an errno
		advice = "if a program has a file or directory of it open, --lazy does not wait for it"
	}
	return withAdvice(err, advice)
}
