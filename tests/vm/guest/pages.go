//go:build linux

package main

import (
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// pagesOverFUSE makes calls that use pages of Linux's page cache from Linux 6.5 on. An earlier
// Linux sends a read for them. A device refuses pages, and a text file gives its whole text.
func pagesOverFUSE(c *check) {
	withFUSE(c, func() {
		d := c.filled(fuseMount+"/full_ex", 9, 2, 4, 6)
		reads := strings.HasPrefix(release, "6.1.")
		refusal := "EINVAL"
		if strings.HasPrefix(release, "7.") {
			refusal = "EIO"
		}
		var st syscall.Stat_t
		c.must("stat", syscall.Stat(fuseMount+"/full_ex", &st))
		for _, call := range pageCalls {
			want := refusal
			if reads {
				want = "4"
			}
			got, err := call.copy(c, d.fd, 4)
			c.same(call.name+" of the device", outcome(len(got), err), want)
		}
		c.same("copy_file_range of the device", outcome(0, c.copyRange(d.fd)), "EXDEV")
		c.close(d)
		for _, name := range []string{"kmsg", "modules", "sessions"} {
			for _, call := range pageCalls {
				c.copiesText(call, fuseMount+"/"+name)
			}
		}
	})
}

// pageCall copies some bytes from a file.
type pageCall struct {
	name string
	copy func(c *check, fd, count int) ([]byte, error)
}

var pageCalls = []pageCall{
	{"sendfile", func(c *check, fd, count int) ([]byte, error) {
		return c.throughPipe(func(w int) (int, error) { return unix.Sendfile(w, fd, nil, count) })
	}},
	{"splice", func(c *check, fd, count int) ([]byte, error) {
		return c.throughPipe(func(w int) (int, error) {
			n, err := unix.Splice(fd, nil, w, nil, count, 0)
			return int(n), err
		})
	}},
}

// copyRange calls copy_file_range(2) to a file of another file system. All versions of Linux
// in these tests refuse that (fs/read_write.c, vfs_copy_file_range).
func (c *check) copyRange(fd int) error {
	to, err := os.CreateTemp("", "copy")
	c.must("make a file", err)
	_, err = unix.CopyFileRange(fd, nil, int(to.Fd()), nil, 4, 0)
	c.must("remove the file", firstError(to.Close(), os.Remove(to.Name())))
	return err
}

// throughPipe makes a call that writes to a pipe, and returns what it wrote.
func (c *check) throughPipe(call func(w int) (int, error)) ([]byte, error) {
	r, w, err := os.Pipe()
	c.must("make a pipe", err)
	defer func() { c.must("close the pipe", firstError(r.Close(), w.Close())) }()
	n, err := call(int(w.Fd()))
	if n <= 0 || err != nil {
		return nil, err
	}
	p := make([]byte, n)
	_, err = r.Read(p)
	return p, err
}

// copiesText copies a text file with a call, 100 bytes at a time. It does so twice: without
// fstat(2) before, and with it.
func (c *check) copiesText(call pageCall, path string) {
	for _, withStat := range []bool{false, true} {
		fd, err := syscall.Open(path, syscall.O_RDONLY, 0)
		c.must("open "+path, err)
		want := make([]byte, 1<<20)
		n, err := syscall.Pread(fd, want, 0)
		c.must("read "+path, err)
		if withStat {
			c.must("fstat", syscall.Fstat(fd, new(syscall.Stat_t)))
		}
		var text []byte
		for {
			part, err := call.copy(c, fd, 100)
			if len(part) == 0 || err != nil {
				c.must(call.name+" of "+path, err)
				break
			}
			text = append(text, part...)
		}
		c.same(call.name+" of "+path, string(text), string(want[:n]))
		c.must("close "+path, syscall.Close(fd))
	}
}
