//go:build linux

package main

import (
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// everyday does what people and programs often do to files. Nothing may hang.
func everyday(c *check) {
	for _, line := range []struct{ line, want string }{
		{"touch /mnt/full_ex", ""},
		{"truncate -s 0 /mnt/full_ex", ""},
		{"truncate -s 100 /mnt/full_ex", ""},
		{": > /mnt/full_ex", ""},
		{": >> /mnt/full_ex", ""},
		{"chmod 600 /mnt/full_ex", "Operation not permitted"},
		{"chown 1 /mnt/full_ex", "Operation not permitted"},
		{"cp /recipe.sh /mnt/new", "Operation not permitted"},
		{"mv /mnt/full_ex /mnt/other", "Operation not permitted"},
		{"mv /mnt/full_ex /tmp/full_ex", "ermi"}, // mv copies, and the read is refused
		{"ln /mnt/full_ex /mnt/other", "Operation not permitted"},
		{"ln -s full_ex /mnt/other", "Operation not permitted"},
		{"rm -f /mnt/full_ex", "Operation not permitted"},
		{"mkdir /mnt/new", "Operation not permitted"},
		{"rmdir /mnt/each", "Operation not permitted"},
		{"mkfifo /mnt/new", "Operation not permitted"},
		{"sync", ""},
		{"df /mnt", "/mnt"},
		{"stat /mnt/full_ex", "regular empty file"},
		{"ls -la /mnt", "full_ex"},
		{"cat /mnt/full_ex", "Permission denied"},
		{"cmp /mnt/full_ex /recipe.sh", "error"},
	} {
		out := c.within(10*time.Second, line.line)
		if line.want == "" {
			c.same(line.line, out, "")
		} else if !strings.Contains(out, line.want) {
			c.errorf("%s: no %q in %q", line.line, line.want, out)
		}
	}
	c.locks()
	c.watched()
	c.saved()
	c.close(c.filled(plain, 2, 2)) // no session is left
}

// within runs a line of shell and returns what it prints. If it takes longer than limit, within
// kills the shell and reports a failure.
func (c *check) within(limit time.Duration, line string) string {
	cmd := exec.Command("/bin/busybox", "sh", "-c", line)
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	c.must("start", cmd.Start())
	hung := time.AfterFunc(limit, func() {
		_ = cmd.Process.Kill() // fails if the shell has ended
	})
	_ = cmd.Wait() // the output says why a line failed
	if !hung.Stop() {
		c.errorf("%s: hangs", line)
	}
	return out.String()
}

// locks expects that every lock is granted.
func (c *check) locks() {
	d := c.open(plain)
	for _, how := range []int{unix.LOCK_SH, unix.LOCK_EX | unix.LOCK_NB, unix.LOCK_UN} {
		c.same("flock", outcome(0, unix.Flock(d.fd, how)), "0")
	}
	for _, cmd := range []int{unix.F_SETLK, unix.F_SETLKW} {
		lock := unix.Flock_t{Type: unix.F_WRLCK, Len: 10}
		c.same("fcntl lock", outcome(0, unix.FcntlFlock(uintptr(d.fd), cmd, &lock)), "0")
	}
	lock := unix.Flock_t{Type: unix.F_WRLCK}
	c.same("fcntl F_GETLK", outcome(0, unix.FcntlFlock(uintptr(d.fd), unix.F_GETLK, &lock)), "0")
	c.same("type of a conflicting lock", lock.Type, unix.F_UNLCK)
	c.close(d)
}

// watched watches the file with inotify, which must do no harm. The number of events is only
// printed: with cache=none Linux makes a new inode for most opens, and the watch reports
// nothing about that inode.
func (c *check) watched() {
	watch, err := unix.InotifyInit1(unix.IN_NONBLOCK | unix.IN_CLOEXEC)
	c.must("inotify", err)
	_, err = unix.InotifyAddWatch(watch, plain, unix.IN_OPEN|unix.IN_MODIFY|unix.IN_CLOSE_WRITE)
	c.must("watch", err)
	c.close(c.filled(plain, 2, 2))
	n, err := unix.Read(watch, make([]byte, 4096))
	if err != nil && err != unix.EAGAIN {
		c.errorf("inotify: %v", err)
	}
	fmt.Printf("inotify reported %d events\n", max(n, 0)/unix.SizeofInotifyEvent)
	c.must("close", unix.Close(watch))
}

// saved tries to save as editors do: to a new file that is then renamed, and in place. It must
// not hang or change anything.
func (c *check) saved() {
	_, err := syscall.Open(mountPoint+"/.full_ex.swp", syscall.O_CREAT|syscall.O_EXCL|syscall.O_RDWR, 0o600)
	c.same("make a swap file", outcome(0, err), "EPERM")
	d, err := openDevice(plain, syscall.O_WRONLY|syscall.O_CREAT|syscall.O_TRUNC)
	c.must("open to save", err)
	c.write2(d, []byte("text\n"), "EACCES")
	synced := outcome(0, syscall.Fsync(d.fd))
	if misreports("EACCES") {
		c.same("fsync", synced, "EACCES")
	} else {
		c.same("fsync", synced, "0")
	}
	c.close(d)
}

// refusedAndSynced calls fsync(2) after a refused write. If write(2) did not return the errno
// (see misreports), fsync(2) does, and later calls work again.
func refusedAndSynced(c *check) {
	d := c.filled(plain, 1, 2)
	for range 3 {
		for want, p := range map[string][]byte{"EACCES": value(4), "EINVAL": {1}} {
			got := outcome(d.Write(p))
			if !misreports(want) {
				c.same("write", got, want)
				c.same("fsync", outcome(0, syscall.Fsync(d.fd)), "0")
				continue
			}
			c.same("write", got, "0")
			c.same("fsync", outcome(0, syscall.Fsync(d.fd)), want)
			c.same("the second fsync", outcome(0, syscall.Fsync(d.fd)), "0")
		}
	}
	c.read(d, 4, 2)
	c.close(d)
}

// write2 is write for a descriptor that is open for writing only.
func (c *check) write2(d *device, p []byte, want string) {
	got := outcome(d.Write(p))
	if misreports(want) {
		c.same("write", got, "0")
		c.same("the call after it", outcome(d.Write(p)), "EIO")
		return
	}
	c.same("write", got, want)
}
