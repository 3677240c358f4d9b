//go:build linux

package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// far is an offset beyond all that these scenarios write.
const far = 1 << 20

// evens returns n values: 0, 2, 4 and so on. They come back in the order of the pushes.
func evens(n int) []int32 {
	values := make([]int32, n)
	for i := range values {
		values[i] = int32(2 * i)
	}
	return values
}

// waysToRead reads with every call that reads from a descriptor. A call must return the next
// value, or several if it sends several reads.
func waysToRead(c *check) {
	d := c.filled(plain, 100, evens(100)...)
	next := int32(0)
	expect := func(call string, n int, err error, p []byte) {
		c.same(call, outcome(n, err), "4")
		c.same(call+": value", int32(binary.LittleEndian.Uint32(p)), next)
		next += 2
	}
	p := make([]byte, 600_000)
	for _, count := range []int{4, 5, 100, 65_536, 131_072, 600_000} {
		n, err := syscall.Pread(d.fd, p[:count], far)
		expect(fmt.Sprintf("pread %d", count), n, err, p)
	}
	for range 3 {
		n, err := syscall.Pread(d.fd, p[:4], 0)
		expect("pread 4 at 0", n, err, p)
	}
	next += c.scattered(d, next)
	n, err := unix.Preadv(d.fd, [][]byte{p[:2], p[2:100]}, far)
	expect("preadv", n, err, p)
	for _, flags := range []int{syscall.O_NONBLOCK, 0, syscall.O_DIRECT, 0} {
		_, err := unix.FcntlInt(uintptr(d.fd), unix.F_SETFL, flags)
		c.same("fcntl", outcome(0, err), "0")
		n, err := d.Read(p[:512])
		expect(fmt.Sprintf("read with flags %#o", flags), n, err, p)
	}
	file := os.NewFile(uintptr(c.dup(d)), "device")
	in := bufio.NewReader(file)
	for range 5 { // as programs with buffered input do
		n, err := io.ReadFull(in, p[:4])
		expect("buffered read", n, err, p)
	}
	c.must("close the copy", file.Close())
	next += c.sent(d, next, 40)
	c.read(d, 4096, next)
	c.close(d)
}

// scattered calls readv(2) with several buffers. Over virtio Linux reads more than 1,024 bytes
// without copying. Linux 6.1 then sends a read for each buffer (p9_virtio_zc_request in
// net/9p/trans_virtio.c), as it does for files of kernel modules. scattered returns the
// difference between the next value and first.
func (c *check) scattered(d *device, first int32) int32 {
	p := make([]byte, 4096)
	buffers := [][]byte{p[:4], p[4:8], p[8:]}
	n, err := unix.Readv(d.fd, buffers)
	if err != nil || n < 4 || n%4 != 0 || n > 4*len(buffers) {
		c.fatalf("readv: %s", outcome(n, err))
	}
	for i := range n / 4 {
		c.same("readv: value", int32(binary.LittleEndian.Uint32(p[4*i:])), first+int32(2*i))
	}
	return int32(n / 2)
}

// dup returns a copy of the descriptor, which the caller closes.
func (c *check) dup(d *device) int {
	fd, err := unix.FcntlInt(uintptr(d.fd), unix.F_DUPFD_CLOEXEC, 10)
	c.must("dup", err)
	return fd
}

// sent copies values to a pipe with sendfile(2). Some versions of Linux read until they have
// all that was asked for, and others stop after the first reply. All values that were popped
// must be in the pipe. sent returns the difference between the next value and first.
func (c *check) sent(d *device, first int32, count int) int32 {
	r, w, err := os.Pipe()
	c.must("pipe", err)
	n, err := syscall.Sendfile(int(w.Fd()), d.fd, nil, 4*count)
	if err != nil || n < 4 || n%4 != 0 || n > 4*count {
		c.errorf("sendfile: %s", outcome(n, err))
	}
	c.must("close", w.Close())
	got, err := io.ReadAll(r)
	c.must("read the pipe", err)
	c.must("close", r.Close())
	var want []byte
	for i := range n / 4 {
		want = append(want, value(first+int32(2*i))...)
	}
	c.same("what sendfile sent", fmt.Sprintf("%x", got), fmt.Sprintf("%x", want))
	return int32(n / 2)
}

// openedToRead reads in many sizes from descriptors that were opened with various flags.
func openedToRead(c *check) {
	for _, flags := range []int{syscall.O_NONBLOCK, syscall.O_DIRECT, syscall.O_APPEND, syscall.O_SYNC} {
		d, err := openDevice(plain, syscall.O_RDWR|flags)
		c.must(fmt.Sprintf("open with %#o", flags), err)
		c.write(d, []byte{100}, "1")
		for _, v := range evens(12) {
			c.write(d, value(v), "4")
		}
		for i, count := range []int{4, 5, 8, 100, 4096, 65_536, 70_000, 131_072, 200_000, 4} {
			c.read(d, count, int32(2*i))
		}
		c.close(d)
	}
}

// tools reads with common programs. Each must print the values in order.
func tools(c *check) {
	for _, tool := range []struct {
		line string
		want int // number of values printed, of 20; negative: printed as text
	}{
		{"cat 2>/dev/null", 20},
		{"dd bs=4 count=7 2>/dev/null", 7},
		{"dd bs=4096 count=7 2>/dev/null", 7},
		{"dd bs=200000 count=3 2>/dev/null", 3},
		{"head -c 8", 2},
		{"od -An -td4 -v -w4 2>/dev/null", -20},
	} {
		d := c.filled(plain, 20, evens(20)...)
		cmd := exec.Command("/bin/busybox", "sh", "-c", tool.line)
		cmd.Stdin = os.NewFile(uintptr(c.dup(d)), "device")
		out, err := cmd.Output()
		if _, failed := err.(*exec.ExitError); err != nil && !failed {
			c.errorf("%s: %v", tool.line, err) // a status only means EACCES at the end
		}
		c.must("close the copy", cmd.Stdin.(*os.File).Close())
		c.close(d)
		c.same(tool.line, printedValues(out, tool.want), evens(max(tool.want, -tool.want)))
	}
}

// printedValues decodes the values that a tool printed, as bytes, or as text if want is
// negative.
func printedValues(out []byte, want int) (values []int32) {
	if want < 0 {
		for word := range strings.FieldsSeq(string(out)) {
			var v int32
			if _, err := fmt.Sscan(word, &v); err == nil {
				values = append(values, v)
			}
		}
		return values
	}
	for len(out) >= 4 {
		values = append(values, int32(binary.LittleEndian.Uint32(out)))
		out = out[4:]
	}
	return values
}

// seekBack reads below the end of what was written. No value may be lost, and reads of four
// bytes must always work.
func seekBack(c *check) {
	d := c.filled(plain, 100, evens(8)...)
	_, err := syscall.Seek(d.fd, 0, io.SeekStart)
	c.must("seek", err)
	next := int32(0)
	for _, count := range []int{5, 100, 4096, 200_000} {
		c.wherever(d, count, next)
		if !keepsSize() {
			next += 2
		}
		c.read(d, 4, next)
		next += 2
	}
	c.close(d)
}

// oneInodeTwoUsers has two users with a session each at the same inode. What one writes changes
// the size that Linux keeps for both.
func oneInodeTwoUsers(c *check) {
	p := c.start(bob, nil, "fill", plain)
	d := c.filled(plain, 9, 2, 4, 6)
	c.line(p, "filled")
	c.wherever(d, 100, 2)
	if keepsSize() {
		c.read(d, 4, 2)
	}
	c.read(d, 4, 4)
	n, err := syscall.Pread(d.fd, make([]byte, 100), far)
	c.same("pread beyond all writes", outcome(n, err), "4")
	c.refusedRead(d, 4, "EACCES")
	c.close(d)
	c.release(p)
	c.wait(p)
}

// roleFill pushes many values, waits for the end of its input, and reads two of them.
func roleFill(c *check, args []string) {
	d := c.filled(args[0], 100, evens(100)...)
	say("filled")
	hearEnd(c)
	c.alone(d)
	c.read(d, 4096, 2)
	c.close(d)
}

// alone pops the value 0 with a read of more than four bytes, as soon as no other process has
// the inode open. It retries, because Linux may delay the end of the other's open file: netfs
// may keep the file of its last read for a moment after close(2). Only then does it send
// Tclunk (seen on Linux 7.2).
func (c *check) alone(d *device) {
	p := make([]byte, 100)
	n, err := d.Read(p)
	for tries := 0; keepsSize() && err == syscall.ESPIPE && tries < 100; tries++ {
		time.Sleep(10 * time.Millisecond)
		n, err = d.Read(p)
	}
	c.same("read 100 when alone", outcome(n, err), "4")
	c.same("read 100 when alone: value", p[0], 0)
}

// countAll makes random pushes, seeks and reads, in many sizes and at many offsets. Each value
// must come back once and in order, even if reads in between were refused.
func countAll(c *check) {
	random := rand.New(rand.NewPCG(1, 2))
	sizes := []int{4, 4, 5, 8, 100, 4096, 65_511, 65_536, 131_072, 200_000}
	p := make([]byte, 200_000)
	pushed, popped, refused := int32(0), int32(0), 0
	d := c.filled(plain, 100)
	for range 3000 {
		switch random.IntN(5) {
		case 0, 1:
			if pushed-popped < 100 {
				c.write(d, value(2*pushed), "4")
				pushed++
			}
		case 2:
			_, err := syscall.Seek(d.fd, int64(random.IntN(600)), io.SeekStart)
			c.must("seek", err)
		default:
			read := d.Read
			if random.IntN(2) == 0 {
				at := int64(random.IntN(600))
				read = func(p []byte) (int, error) { return syscall.Pread(d.fd, p, at) }
			}
			n, err := read(p[:sizes[random.IntN(len(sizes))]])
			switch {
			case err == nil:
				c.same("bytes", n, 4)
				c.same("value", int32(binary.LittleEndian.Uint32(p)), 2*popped)
				popped++
			case outcome(n, err) == "ESPIPE" && keepsSize():
				refused++
			default:
				c.same("refusal", outcome(n, err), "EACCES")
				c.same("values left", pushed-popped, 0)
			}
		}
		if len(c.failures) > 0 {
			return
		}
	}
	for ; popped < pushed; popped++ {
		c.read(d, 4, 2*popped)
	}
	c.refusedRead(d, 4, "EACCES")
	c.close(d)
	fmt.Printf("%d values pushed and popped, %d reads refused\n", popped, refused)
}
