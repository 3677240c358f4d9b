//go:build linux

package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// sharedDescriptor uses one open file in several threads and a child process, which are one
// client. Some of their reads need several messages. No value may be lost or come twice.
func sharedDescriptor(c *check) {
	d := c.filled(plain, 100)
	pushes := inThreads(func(i int) string { return outcome(d.Write(value(int32(2 * i)))) })
	c.same("threads' writes", pushes, slices.Repeat([]string{"4"}, threadCalls))
	pushOfChild(c, d)
	c.read(d, 4096, -5) // odd values are pushed left, so it comes first
	reads := inThreads(func(i int) string {
		p := make([]byte, []int{4, 5, 100, 4096, 65_535, 200_000}[i%6])
		n, err := d.Read(p)
		return fmt.Sprint(outcome(n, err), " ", binary.LittleEndian.Uint32(p))
	})
	var want []string
	for i := range threadCalls {
		want = append(want, fmt.Sprint("4 ", 2*i))
	}
	slices.Sort(want)
	c.same("threads' reads", reads, want)
	c.refusedRead(d, 4, "EACCES")
	c.close(d)
}

// threadCalls is how many calls inThreads makes.
const threadCalls = 80

// inThreads makes threadCalls calls, numbered from 0, from four threads. It returns their
// outcomes, sorted.
func inThreads(call func(i int) string) []string {
	outcomes := make([]string, threadCalls)
	var next atomic.Int32
	var threads sync.WaitGroup
	for range 4 {
		threads.Go(func() {
			runtime.LockOSThread() // and never unlocked: the goroutine has a thread of its own
			for i := next.Add(1) - 1; i < threadCalls; i = next.Add(1) - 1 {
				outcomes[i] = call(int(i))
			}
		})
	}
	threads.Wait()
	slices.Sort(outcomes)
	return outcomes
}

// pushOfChild starts a child that pushes -5 at a copy of the descriptor.
func pushOfChild(c *check, d *device) {
	fd, err := unix.FcntlInt(uintptr(d.fd), unix.F_DUPFD_CLOEXEC, 10)
	c.must("dup", err)
	copied := os.NewFile(uintptr(fd), "device")
	c.wait(c.start(0, []*os.File{copied}, "push-5", plain))
	c.must("close the copy", copied.Close())
}

// rolePush5 uses the inherited descriptor 3. It pushes -3, which it pops again, and -5.
func rolePush5(c *check, _ []string) {
	d := &device{fd: 3}
	c.write(d, value(-3), "4")
	c.read(d, 100, -3)
	c.write(d, value(-5), "4")
}
