//go:build linux

package main

import (
	"bufio"
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
func withOwnServer(c *check, scenario func()) {
	withServer(c, func() {
		c.must("mkdir", os.MkdirAll(ownMount, 0o755))
		c.must("mount", syscall.Mount(socket, ownMount, "9p", 0, "trans=unix,version=9p2000.L,noxattr"))
		scenario()
		c.must("unmount", syscall.Unmount(ownMount, 0))
	})
}

// withServer serves within the guest on a unix socket and on more endpoints.
func withServer(c *check, scenario func(), more ...string) {
	args := []string{"serve", "--listen", "unix:" + socket, "--log-level", "warn"}
	for _, endpoint := range more {
		args = append(args, "--listen", endpoint)
	}
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
	for range 1 + len(more) { // two lines for each endpoint on which it listens
		for range 2 {
			_, err = lines.ReadString('\n')
			c.must("wait for the server", err)
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
