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

// Where scenarios serve within the guest, and where they mount that server.
const (
	socket   = "/tmp/fullex.sock"
	ownMount = "/tmp/mount"
)

// withOwnServer starts a server in the guest, mounts it over a unix socket and runs a scenario.
// The server's peer is root, who may act for all users. flags are further flags of serve.
func withOwnServer(c *check, scenario func(), flags ...string) {
	withServer(c, func() {
		c.must("mkdir", os.MkdirAll(ownMount, 0o755))
		c.must("mount", syscall.Mount(socket, ownMount, "9p", 0, "trans=unix,version=9p2000.L,noxattr"))
		scenario()
		c.must("unmount", syscall.Unmount(ownMount, 0))
	}, flags...)
}

// withServer starts a server in the guest on a unix socket and runs a scenario. flags are
// further flags of serve.
func withServer(c *check, scenario func(), flags ...string) {
	args := append([]string{"serve", "--listen", "unix:" + socket, "--log-level", "warn"}, flags...)
	server := exec.Command("/bin/fullex", args...)
	server.Stderr = os.Stdout // the console
	out, err := server.StdoutPipe()
	c.must("pipe", err)
	c.must("start the server", server.Start())
	ended := false
	defer func() {
		if !ended { // the scenario ended early: clean up for the next server
			_ = syscall.Unmount(ownMount, unix.MNT_DETACH)
			_ = server.Process.Kill()
			_ = server.Wait()
		}
	}()
	lines := bufio.NewReader(out)
	for _, arg := range args {
		if arg == "--listen" { // serve prints two lines for each endpoint
			_, err = lines.ReadString('\n')
			_, err2 := lines.ReadString('\n')
			c.must("wait for the server", errors.Join(err, err2))
		}
	}

	scenario()

	c.must("signal", server.Process.Signal(syscall.SIGTERM))
	ended = true
	c.must("wait for the end of the server", server.Wait())
	_, err = os.Lstat(socket)
	c.same("the socket is gone", os.IsNotExist(err), true)
}

// unixSocket uses a mount over a unix socket as several users, and administers its server.
func unixSocket(c *check) {
	withOwnServer(c, func() {
		path := ownMount + "/full_ex"
		together(c, members(path, alice, bob, 0))
		refusesASecond(c, path, func() {})
		modulesComeAndGo(c, ownMount)
	})
}
