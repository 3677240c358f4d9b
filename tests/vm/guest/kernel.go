package main

import (
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
