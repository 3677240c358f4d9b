//go:build linux

package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
)

// upgraded works at a deque while the test upgrades the server. Another mount, with a file
// open, is idle meanwhile.
func upgraded(c *check) {
	const idleMount = "/tmp/idle"
	c.must("mkdir", os.MkdirAll(idleMount, 0o755))
	options := "trans=tcp,version=9p2000.L,noxattr,port=" + kernelArgument("fullex.port")
	c.must("mount", syscall.Mount("10.0.2.2", idleMount, "9p", 0, options))
	idle := c.filled(idleMount+"/full_ex", 3, 2, 4, 6)
	before, err := os.ReadDir(idleMount)
	c.must("list", err)
	inode := inodeOf(c, plain)

	d := c.filled(plain, 100)
	var over atomic.Bool
	ended := make(chan error, 1)
	go func() {
		var err error
		for v := int32(0); err == nil && !over.Load(); v += 2 {
			err = pushAndPop(d, v)
		}
		ended <- err
	}()
	c.at("working")
	over.Store(true)
	c.must("work", <-ended)
	c.close(d)

	c.same("inode", inodeOf(c, plain), inode)
	after, err := os.ReadDir(idleMount)
	c.must("list", err)
	c.same("the idle mount", fmt.Sprint(after), fmt.Sprint(before))
	for _, v := range []int32{2, 4, 6} {
		c.read(idle, 4, v)
	}
	_, err = openDevice(idleMount+"/full_ex", syscall.O_RDWR)
	c.same("second open", outcome(0, err), "EACCES")
	c.close(idle)
	c.must("unmount", syscall.Unmount(idleMount, 0))
}

// pushAndPop pushes values to the right and takes them from the left.
func pushAndPop(d *device, v int32) error {
	for _, v := range []int32{v, v + 2} {
		if n, err := d.Write(value(v)); n != 4 || err != nil {
			return fmt.Errorf("push %d: %s", v, outcome(n, err))
		}
	}
	p := make([]byte, 4)
	for _, v := range []int32{v, v + 2} {
		if n, err := d.Read(p); n != 4 || err != nil || !bytes.Equal(p, value(v)) {
			return fmt.Errorf("pop %d: %s, % x", v, outcome(n, err), p)
		}
	}
	return nil
}

func inodeOf(c *check, path string) uint64 {
	var stat syscall.Stat_t
	c.must("stat", syscall.Stat(path, &stat))
	return stat.Ino
}

// upgradedOverVsock has a server in the guest upgraded, to which the guest is connected by
// vsock, below a mount and beside it.
func upgradedOverVsock(c *check) {
	const endpoint = "vsock:1:5640"          // VMADDR_CID_LOCAL
	c.must("chmod", os.Chmod("/bin", 0o755)) // or anybody could replace the program
	withServer(c, func() {
		c.must("mkdir", os.MkdirAll(ownMount, 0o755))
		c.same("mount", c.typed("fullex mount --v9fs "+endpoint+" "+ownMount), "")
		d := c.filled(ownMount+"/full_ex", 3)
		for generation := 2; generation <= 4; generation++ {
			c.must("work", pushAndPop(d, 10))
			c.write(d, value(8), "4")
			said := c.typed("fullex upgrade unix:" + socket)
			if want := fmt.Sprintf("upgraded to generation %d ", generation); !strings.Contains(said, want) {
				c.errorf("upgrade: %q, want %q", said, want)
			}
			c.read(d, 4, 8)
			c.typed("fullex bench --duration 100ms " + endpoint)
		}
		c.close(d)
		c.same("umount", c.typed("fullex umount "+ownMount), "")
	}, "--listen", endpoint)
}
