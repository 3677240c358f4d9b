//go:build linux

package main

import (
	"bytes"
	"fmt"
	"os"
	"syscall"
)

// largeMessages makes reads and refused writes of large sizes. Over virtio, Linux does not copy
// data of more than 1,024 bytes (p9_client_read and p9_client_write in net/9p/client.c).
func largeMessages(c *check) {
	whole, err := os.ReadFile(mountPoint + "/kmsg")
	c.must("read kmsg", err)
	for _, size := range []int{100, 1024, 1025, 4096, 65_536, 300_000} {
		text := c.readAll(mountPoint+"/kmsg", size)
		c.same(fmt.Sprintf("kmsg read in parts of %d begins with all of it", size), bytes.HasPrefix(text, whole), true)
	}
	d := c.open(plain)
	sizes := []int{1023, 1025, 4096, 70_000}
	for _, size := range sizes {
		c.write(d, make([]byte, size), "EACCES")
	}
	c.write(d, []byte{3}, "1")
	for _, size := range sizes {
		c.write(d, make([]byte, size), "EINVAL")
		c.refusedRead(d, size, "EACCES")
	}
	c.write(d, value(8), "4")
	c.read(d, 70_000, 8)
	c.close(d)
}

// readAll reads a file to its end, with reads of one size.
func (c *check) readAll(path string, size int) (text []byte) {
	fd, err := syscall.Open(path, syscall.O_RDONLY, 0)
	c.must("open "+path, err)
	defer syscall.Close(fd)
	for p := make([]byte, size); ; {
		n, err := syscall.Read(fd, p)
		c.must("read "+path, err)
		if n == 0 {
			return text
		}
		text = append(text, p[:n]...)
	}
}
