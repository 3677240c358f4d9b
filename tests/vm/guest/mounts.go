//go:build linux

package main

import (
	"errors"
	"fmt"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// mountOptions mounts with each option, and tries the contract and reads of many sizes. With
// cache=mmap it also counts all values.
func mountOptions(c *check) {
	options := []string{"cache=none", "cache=mmap", "msize=4096", "msize=8192", "msize=65536", "msize=1048576", "access=client"}
	if keepsSize() {
		options = append(options, "cache=loose") // with an earlier Linux, read returns 0 and asks no server
	}
	for _, option := range options {
		remounted(c, option, func() {
			before := len(c.failures)
			c.closesLate = option == "cache=loose"
			defer func() { c.closesLate = false }()
			everyRow(c)
			readSizes(c)
			if len(c.failures) > before {
				c.errorf("with %s", option)
			}
		})
	}
	remounted(c, "cache=mmap", func() { countAll(c) })
}

// withXattr mounts without noxattr. A newer Linux then asks for an extended attribute before
// every write.
func withXattr(c *check) {
	c.must("unmount before", unmount())
	c.must("mount", mountWith("version=9p2000.L"))
	everyRow(c)
	c.must("unmount after", unmount())
	c.must("mount again", mount(""))
}

// otherDialects tries to mount with other dialects. The server refuses them, and mount(2)
// returns EREMOTEIO.
func otherDialects(c *check) {
	c.must("unmount before", unmount())
	for _, dialect := range []string{"9p2000", "9p2000.u"} {
		err := mount("version=" + dialect)
		c.same("mount with "+dialect+" gives EREMOTEIO", errors.Is(err, syscall.EREMOTEIO), true)
	}
	c.must("mount again", mount(""))
}

// accessOptions mounts with each value of the option access. With access=client each user is a
// client. With access=any all users are one client, because Linux attaches without a user ID.
// With access=UID only that user may open.
func accessOptions(c *check) {
	remounted(c, "access=client", func() { together(c, members(plain, alice, bob, 0)) })
	remounted(c, "access=any", func() {
		d := c.filled(plain, 3, 2)
		c.wait(c.start(alice, nil, "refused", plain, "EACCES"))
		c.read(d, 4, 2)
		c.close(d)
		c.wait(c.start(alice, nil, "open-soon", plain))
	})
	remounted(c, fmt.Sprintf("access=%d", alice), func() {
		c.wait(c.start(alice, nil, "open-soon", plain))
		c.wait(c.start(bob, nil, "refused", plain, "EPERM"))
	})
}

// lazyUnmount unmounts lazily while a file is open. The file works until it is closed. The
// close ends the session.
func lazyUnmount(c *check) {
	d := c.filled(plain, 3, 2, 4)
	c.must("umount -l", syscall.Unmount(mountPoint, unix.MNT_DETACH))
	c.read(d, 100, 2)
	c.write(d, value(6), "4")
	c.read(d, 4, 4)
	c.close(d)
	c.must("mount again", mount(""))
	c.close(c.filled(plain, 3, 2))
}

// busyListing writes and reads values while another process lists directories and asks for the
// device's attributes. What Linux learns from them must not lose a value.
func busyListing(c *check) {
	listing := exec.Command("/bin/busybox", "sh", "-c", "while :; do ls -l /mnt /mnt/each; stat /mnt/full_ex; done > /dev/null")
	c.must("start ls", listing.Start())
	d := c.filled(plain, 100)
	for i := range int32(150) {
		c.write(d, value(2*i), "4")
		c.write(d, value(1000+2*i), "4")
		c.read(d, []int{4, 100, 4096, 70_000}[i%4], first(i))
		c.read(d, 4, second(i))
	}
	c.refusedRead(d, 4, "EACCES")
	c.close(d)
	c.must("kill ls", listing.Process.Kill())
	_ = listing.Wait() // killed
}

// first and second are the values of a round of busyListing.
func first(i int32) int32  { return 2 * i }
func second(i int32) int32 { return 1000 + 2*i }
