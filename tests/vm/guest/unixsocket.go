//go:build linux

package main

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	socket   = "/tmp/fullex.sock"
	ownMount = "/tmp/mount"
)

// withOwnServer serves within the guest and mounts that over a unix socket: the
// peer is root and acts for its users.
func withOwnServer(c *check, scenario func(), flags ...string) {
	withServer(c, func() {
		c.must("mkdir", os.MkdirAll(ownMount, 0o755))
		c.must("mount", syscall.Mount(socket, ownMount, "9p", 0, "trans=unix,version=9p2000.L,noxattr"))
		scenario()
		c.must("unmount", syscall.Unmount(ownMount, 0))
	}, flags...)
}

// withServer serves within the guest on a unix socket, with more flags of serve.
func withServer(c *check, scenario func(), flags ...string) {
	args := append([]string{"serve", "--listen", "unix:" + socket, "--log-level", "warn"}, flags...)
	server := exec.Command("/bin/fullex", args...)
	server.Stderr = os.Stdout // the console
	out, err := server.StdoutPipe()
	c.must("pipe", err)
	c.must("start the server", server.Start())
	ended := false
	defer func() {
		if !ended { // the scenario stopped: the next one has a server of its own
			_ = syscall.Unmount(ownMount, unix.MNT_DETACH)
			_ = server.Process.Kill()
			_ = server.Wait()
		}
	}()
	lines := bufio.NewReader(out)
	for _, arg := range args {
		if arg == "--listen" { // there are two lines for each
			_, err = lines.ReadString('\n')
			_, err2 := lines.ReadString('\n')
			c.must("wait for the server", errors.Join(err, err2))
		}
	}

	scenario()

	c.must("signal", server.Process.Signal(syscall.SIGTERM))
	ended = true
	c.must("end of the server", server.Wait())
	_, err = os.Lstat(socket)
	c.same("the socket is gone", os.IsNotExist(err), true)
}

func unixSocket(c *check) {
	withOwnServer(c, func() {
		path := ownMount + "/full_ex"
		together(c, members(path, alice, bob, 0))
		heldAgainst(c, path, func() {})
		modulesComeAndGo(c, ownMount)
	})
}
