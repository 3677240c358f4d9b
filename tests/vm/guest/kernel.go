//go:build linux

package main

import (
	"encoding/binary"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

// release is the version of Linux, such as "6.1.0-50-amd64".
var release = func() string {
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		return ""
	}
	return unix.ByteSliceToString(name.Release[:])
}()

// misreports reports whether write(2) returns 0 although want is an errno. The next read or
// write of the open file then returns EIO, and Linux does not send it. Linux 6.12 does this
// with any server.
func misreports(want string) bool {
	return strings.HasPrefix(release, "6.12.") && strings.HasPrefix(want, "E")
}

// keepsSize reports whether Linux keeps a size of its own for a file. Such a Linux continues a
// short read until that size. If a later part fails, it loses the first (netfs, Linux 6.8 and
// later).
func keepsSize() bool { return !strings.HasPrefix(release, "6.1.") }

// take reads a value with a buffer of count bytes. If that is refused with ESPIPE, take reads
// four bytes: another process has the same inode open and may have moved its end.
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

// wherever reads more than four bytes at an offset below the end of what was written. It
// expects a value, or a refusal if Linux would lose the value.
func (c *check) wherever(d *device, count int, value int32) {
	if keepsSize() {
		c.refusedRead(d, count, "ESPIPE")
		return
	}
	c.read(d, count, value)
}
