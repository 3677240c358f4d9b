package main

import (
	"bufio"
	"os"
	"os/exec"
	"syscall"
)

const (
	socket   = "/tmp/fullex.sock"
	ownMount = "/tmp/mount"
)

// withOwnServer serves within the guest and mounts that over a unix socket: the
// peer is root and acts for its users.
func withOwnServer(c *check, scenario func()) {
	server := exec.Command("/bin/fullex", "serve", "--listen", "unix:"+socket, "--log-level", "warn")
	server.Stderr = os.Stdout // the console
	out, err := server.StdoutPipe()
	c.must("pipe", err)
	c.must("start the server", server.Start())
	_, err = bufio.NewReader(out).ReadString('\n') // it listens
	c.must("wait for the server", err)
	c.must("mkdir", os.MkdirAll(ownMount, 0o755))
	c.must("mount", syscall.Mount(socket, ownMount, "9p", 0, "trans=unix,version=9p2000.L,noxattr"))

	scenario()

	c.must("unmount", syscall.Unmount(ownMount, 0))
	c.must("signal", server.Process.Signal(syscall.SIGTERM))
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
