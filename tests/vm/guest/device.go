//go:build linux

package main

import (
	"encoding/binary"
	"fmt"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// plain is the device at the plain door.
const plain = mountPoint + "/full_ex"

// device is an open device file. Its methods are system calls without a layer of Go, so that
// sizes and errno values are those of Linux.
type device struct{ fd int }

func openDevice(path string, flags int) (*device, error) {
	fd, err := syscall.Open(path, flags, 0o666)
	if err != nil {
		return nil, err
	}
	return &device{fd}, nil
}

func (d *device) Read(p []byte) (int, error)  { return syscall.Read(d.fd, p) }
func (d *device) Write(p []byte) (int, error) { return syscall.Write(d.fd, p) }
func (d *device) Close() error                { return syscall.Close(d.fd) }

// open opens a device, and ends the scenario if that fails.
func (c *check) open(path string) *device {
	d, err := openDevice(path, syscall.O_RDWR)
	for tries := 0; c.closesLate && err == syscall.EACCES && tries < 100; tries++ {
		time.Sleep(10 * time.Millisecond)
		d, err = openDevice(path, syscall.O_RDWR)
	}
	c.must("open "+path, err)
	return d
}

// filled opens a device, sets its capacity and pushes values. If they are even, they come back
// in the same order.
func (c *check) filled(path string, capacity byte, values ...int32) *device {
	d := c.open(path)
	c.write(d, []byte{capacity}, "1")
	for _, v := range values {
		c.write(d, value(v), "4")
	}
	return d
}

func value(v int32) []byte { return binary.LittleEndian.AppendUint32(nil, uint32(v)) }

// outcome returns the result of a call as text: the number, or the name of the errno.
func outcome(n int, err error) string {
	if err == nil {
		return fmt.Sprint(n)
	}
	if errno, ok := err.(syscall.Errno); ok {
		return unix.ErrnoName(errno)
	}
	return err.Error()
}

// write writes p and expects the outcome want. See misreports for Linux 6.12.
func (c *check) write(d *device, p []byte, want string) {
	call := fmt.Sprintf("write %d bytes %.8x", len(p), p)
	got := outcome(d.Write(p))
	if misreports(want) {
		c.same(call, got, "0")
		c.same("the call after "+call, outcome(d.Read(make([]byte, 4))), "EIO")
		return
	}
	c.same(call, got, want)
}

// read reads with a buffer of count bytes and expects a value.
func (c *check) read(d *device, count int, want int32) {
	p := make([]byte, count)
	n, err := d.Read(p)
	c.same(fmt.Sprintf("read %d", count), outcome(n, err), "4")
	if n == 4 {
		c.same(fmt.Sprintf("read %d: value", count), int32(binary.LittleEndian.Uint32(p)), want)
	}
}

// refusedRead reads with a buffer of count bytes and expects the outcome want, not a value.
func (c *check) refusedRead(d *device, count int, want string) {
	c.same(fmt.Sprintf("read %d", count), outcome(d.Read(make([]byte, count))), want)
}

func (c *check) close(d *device) { c.same("close", outcome(0, d.Close()), "0") }
