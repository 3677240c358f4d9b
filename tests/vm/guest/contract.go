//go:build linux

package main

import (
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"fullex/tests/listing"
)

// everyRow tries every row of the contract that Linux can send. Linux sends no reads and
// writes of 0 bytes, and returns 0.
func everyRow(c *check) { contractOf(c, plain) }

// contractOfPID is everyRow at the door /pid/1.
func contractOfPID(c *check) { contractOf(c, mountPoint+"/pid/1/full_ex") }

// contractOf is everyRow at a path.
func contractOf(c *check, path string) {
	d := c.open(path)
	c.refusedOpen(path, "EACCES")
	for _, p := range [][]byte{{0}, {101}, {255}} {
		c.write(d, p, "EINVAL")
	}
	for _, p := range [][]byte{{1, 2}, value(7), make([]byte, 4096)} {
		c.write(d, p, "EACCES")
	}
	for _, count := range []int{1, 4, 4096} {
		c.refusedRead(d, count, "EACCES")
	}
	c.write(d, []byte{4}, "1")
	c.refusedRead(d, 4, "EACCES")
	for _, v := range []int32{1, 2, -3, -4} {
		c.write(d, value(v), "4")
	}
	c.write(d, value(5), "EACCES")
	for _, size := range []int{1, 2, 3, 5, 8, 4096} {
		c.write(d, make([]byte, size), "EINVAL")
	}
	c.write(d, nil, "0")
	c.refusedRead(d, 0, "0")
	for _, count := range []int{1, 2, 3} {
		c.refusedRead(d, count, "EINVAL")
	}
	c.read(d, 4, -3)
	c.read(d, 5, 1)
	c.read(d, 8, 2)
	c.read(d, 4096, -4)
	c.refusedRead(d, 4096, "EACCES")
	c.close(d)
	again := c.open(path)
	c.refusedRead(again, 4, "EACCES")
	c.close(again)
}

// refusedOpen expects that an open fails with the errno named want.
func (c *check) refusedOpen(path, want string) {
	d, err := openDevice(path, syscall.O_RDWR)
	c.same("open "+path, outcome(0, err), want)
	if err == nil {
		c.close(d)
	}
}

// openFlags opens with flags that have no effect on a device, and with O_RDONLY, O_WRONLY and
// O_EXCL, which have one.
func openFlags(c *check) {
	for _, flags := range []int{
		syscall.O_RDONLY, syscall.O_WRONLY, syscall.O_RDWR | syscall.O_TRUNC, syscall.O_RDWR | syscall.O_CREAT,
		syscall.O_RDWR | syscall.O_APPEND, syscall.O_RDWR | syscall.O_CREAT | syscall.O_TRUNC | syscall.O_APPEND,
		syscall.O_RDWR | syscall.O_NONBLOCK, syscall.O_RDWR | syscall.O_SYNC,
	} {
		d, err := openDevice(plain, flags)
		if err != nil {
			c.errorf("open with flags %#o: %v", flags, err)
			continue
		}
		if flags&syscall.O_ACCMODE == syscall.O_RDWR {
			c.write(d, []byte{3}, "1")
			c.write(d, value(8), "4")
			c.read(d, 4, 8)
		}
		c.close(d)
	}
	c.same("O_EXCL", outcome(syscall.Open(plain, syscall.O_CREAT|syscall.O_EXCL, 0o666)), "EEXIST")
	d, err := openDevice(plain, syscall.O_RDONLY)
	c.must("open to read", err)
	c.same("write to a descriptor opened for reading", outcome(d.Write([]byte{1})), "EBADF")
	c.close(d)
}

// attributes expects the mode and the size of a file in /proc. truncate(2) and utimes(2) must
// succeed, and chmod(2) and chown(2) must be refused. Directories must list their files.
func attributes(c *check) {
	info, err := os.Stat(plain)
	c.must("stat", err)
	c.same("mode", info.Mode(), os.FileMode(0o666))
	c.same("size", info.Size(), 0)
	c.same("truncate to 0", outcome(0, os.Truncate(plain, 0)), "0")
	c.same("utimes", outcome(0, os.Chtimes(plain, time.Unix(1, 0), time.Unix(2, 0))), "0")
	c.same("chmod", outcome(0, syscall.Chmod(plain, 0o600)), "EPERM")
	c.same("chown", outcome(0, syscall.Chown(plain, 1, 1)), "EPERM")
	var fs unix.Statfs_t
	c.must("statfs", unix.Statfs(mountPoint, &fs))
	c.same("type of the file system", fs.Type, unix.V9FS_MAGIC)
	for path, want := range map[string][]string{"": listing.Root(), "/each": listing.Devices(), "/pid/1": listing.Devices()} {
		entries, err := os.ReadDir(mountPoint + path)
		c.must("ls "+path, err)
		var names []string
		for _, e := range entries {
			names = append(names, e.Name())
		}
		c.same("ls "+path, names, want)
	}
}

// quietChanges makes calls that succeed and must not change an open session.
func quietChanges(c *check) {
	d := c.filled(plain, 3, 2)
	c.same("ftruncate", outcome(0, syscall.Ftruncate(d.fd, 0)), "0")
	c.same("truncate", outcome(0, syscall.Truncate(plain, 0)), "0")
	c.same("utimes", outcome(0, os.Chtimes(plain, time.Unix(1, 0), time.Unix(2, 0))), "0")
	c.same("fsync", outcome(0, syscall.Fsync(d.fd)), "0")
	_, err := syscall.Seek(d.fd, 1<<30, 0)
	c.same("seek", outcome(0, err), "0")
	c.write(d, value(4), "4")
	c.read(d, 100, 2)
	c.read(d, 4, 4)
	c.write(d, []byte{3}, "EINVAL") // the capacity is still set
	c.close(d)
}

// changes tries to change the tree, which must be refused.
func changes(c *check) {
	path := func(name string) string { return mountPoint + "/" + name }
	_, err := syscall.Open(path("new"), syscall.O_CREAT|syscall.O_RDWR, 0o666)
	c.same("create", outcome(0, err), "EPERM")
	for call, err := range map[string]error{
		"mkdir":   syscall.Mkdir(path("new"), 0o777),
		"mknod":   syscall.Mknod(path("new"), syscall.S_IFIFO|0o666, 0),
		"unlink":  syscall.Unlink(plain),
		"rmdir":   syscall.Rmdir(path("each")),
		"rename":  syscall.Rename(plain, path("new")),
		"link":    syscall.Link(plain, path("new")),
		"symlink": syscall.Symlink("full_ex", path("new")),
	} {
		c.same(call, outcome(0, err), "EPERM")
	}
	for _, name := range []string{"nosuch", "pid/0", "pid/007", "pid/99999999", "pid/abc", "each/each"} {
		c.refusedOpen(path(name), "ENOENT")
	}
	c.refusedOpen(path("full_ex/x"), "ENOTDIR")
}
