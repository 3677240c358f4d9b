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

// helperName is what fusermount3 is told that it is called, so that it begins its
// messages with that.
const helperName = "fusermount3"

// errNoHelper is for users who need the program where it is not installed.
var errNoHelper = errors.New("fusermount3 is not installed, which mounts for users other than root: install the package fuse3")

// find returns the path of fusermount3. PATH may be empty, as in a service.
func find() (path string, err error) {
	for _, file := range []string{"fusermount3", "/usr/bin/fusermount3", "/bin/fusermount3", "fusermount", "/bin/fusermount"} {
		if path, err := exec.LookPath(file); err == nil {
			return path, nil
		}
	}
	return "", errNoHelper
}

// withHelper mounts by way of fusermount3, which hands the connection over a socket
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

// run runs fusermount3. Its error is what the program says, in one line.
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

// receive takes the one descriptor that comes over a socket.
func receive(socket int) (fd int, err error) {
	rights := make([]byte, unix.CmsgSpace(4))
	_, n, _, _, err := unix.Recvmsg(socket, make([]byte, 1), rights, unix.MSG_CMSG_CLOEXEC)
	if err != nil {
		return -1, fmt.Errorf("receive the connection from %s: %w", helperName, err)
	}
	messages, err := unix.ParseSocketControlMessage(rights[:n])
	if err != nil || len(messages) != 1 {
		return -1, fmt.Errorf("%s handed no connection over", helperName)
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil || len(fds) != 1 {
		return -1, fmt.Errorf("%s handed no connection over", helperName)
	}
	return fds[0], nil
}

// unmountWithHelper is what fusermount3 does for users without the right.
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
	if advice == "" && !lazy { // it says in words only that the mount is in use
		advice = "if a program has a file or directory of it open, --lazy does not wait for it"
	}
	return withAdvice(err, advice)
}
