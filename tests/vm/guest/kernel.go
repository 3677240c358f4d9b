//go:build linux

package main

import (
	"encoding/binary"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

// release is the kernel's version, such as "6.1.0-50-amd64".
var release = func() string {
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		return ""
	}
	return unix.ByteSliceToString(name.Release[:])
}()

// misreports says whether this kernel returns 0 for a write that must fail with
// an errno, and EIO for the next read or write of this open file, which it does
// not send: Linux 6.12 does so with any server.
func misreports(want string) bool {
	return strings.HasPrefix(release, "6.12.") && strings.HasPrefix(want, "E")
}

// keepsSize says whether the kernel asks again as long as it believes that a
// file goes on, and loses what it has if that fails (netfs, Linux 6.8 and
// later).
func keepsSize() bool { return !strings.HasPrefix(release, "6.1.") }

// take reads a value with a count of bytes, or with four where others who have the
// inode open may move its end, so that more are refused.
func (c *check) take(d *device, count int, value int32) {
	p := make([]byte, count)
	n, err := d.Read(p)
	if keepsSize() && outcome(n, err) == "ESPIPE" {
		c.read(d, 4, value)
		return
	}
	c.same(fmt.Sprintf("read %d", count), outcome(n, err), "4")
	if n == 4 {
		c.same(fmt.Sprintf("read %d: value", count), int32(binary.LittleEndian.Uint32(p)), value)
	}
}

// wherever is what a read of more than four bytes gives below the end of what
// was written: a value, or a refusal where the kernel would lose it.
func (c *check) wherever(d *device, count int, value int32) {
	if keepsSize() {
		c.refusedRead(d, count, "ESPIPE")
		return
	}
	c.read(d, count, value)
}
