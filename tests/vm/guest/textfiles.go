//go:build linux

package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// shell runs a line of shell in busybox and returns what it prints, on both outputs. A status
// other than 0 is a failure.
func (c *check) shell(line string) string {
	out, err := exec.Command("/bin/busybox", "sh", "-c", line).CombinedOutput()
	if err != nil {
		c.errorf("%s: %v: %s", line, err, out)
	}
	return string(out)
}

// contains expects that a line of shell prints a text.
func (c *check) contains(line, want string) {
	if out := c.shell(line); !strings.Contains(out, want) {
		c.errorf("%s: no %q in %q", line, want, out)
	}
}

// textFiles reads text files with the usual commands. No read may block.
func textFiles(c *check) {
	begin := time.Now()
	d := c.filled(plain, 7, 2, 4)
	c.contains("cat /mnt/kmsg", "full_ex: procfile is created")
	c.contains("head -n 1 /mnt/kmsg", "] Hello, world")
	c.contains("grep -c Hello /mnt/kmsg", "2")
	c.contains("cat /mnt/modules", "Module                  Size  Used by\n")
	c.contains("awk '$1 == \"full_ex\" { print $3 }' /mnt/modules", "1")
	c.contains("awk '$1 == \"full_ex\" { print $2, $5, $6 }' /mnt/sessions", "/ 7 2")
	c.close(d)
	c.logged("from the shell")
	c.same("read minimal_proc_lkm", outcome(readOnce(mountPoint+"/minimal_proc_lkm")), "EIO")
	for _, name := range []string{"kmsg", "modules", "sessions"} {
		c.same("size of "+name, fileSize(c, name), 0) // although there is text: see textReads
		_, err := syscall.Open(mountPoint+"/"+name, syscall.O_WRONLY, 0)
		c.same("write "+name, outcome(0, err), "EACCES")
	}
	_, err := syscall.Open(mountPoint+"/ctl", syscall.O_WRONLY, 0)
	c.same("ctl over TCP, as the guest's root", outcome(0, err), "EACCES")
	if took := time.Since(begin); took > time.Minute {
		c.errorf("took %v", took)
	}
}

// logged writes a line until it is in the log. The server limits the rate of lines from peers
// that no transport vouches for, and earlier lines may have used up their share.
func (c *check) logged(line string) {
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(time.Second) {
		c.shell("echo " + line + " > /mnt/minimal_proc_lkm")
		if strings.Contains(c.shell("tail -n 5 /mnt/kmsg"), "minimal_proc_lkm: "+line+"\n") {
			return
		}
		if time.Now().After(deadline) {
			c.errorf("%q is not in the log: %s", line, c.shell("tail -n 20 /mnt/kmsg"))
			return
		}
	}
}

// readOnce opens a file, reads once and closes the file.
func readOnce(path string) (int, error) {
	fd, err := syscall.Open(path, syscall.O_RDONLY, 0)
	if err != nil {
		return 0, err
	}
	n, err := syscall.Read(fd, make([]byte, 100))
	return n, firstError(err, syscall.Close(fd))
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func fileSize(c *check, name string) int64 {
	info, err := os.Stat(mountPoint + "/" + name)
	c.must("stat "+name, err)
	return info.Size()
}

// modulesComeAndGo unloads and loads a module through ctl. Only root of the server's machine
// may do that, and here this is root of the guest.
func modulesComeAndGo(c *check, mounted string) {
	path, ctl := mounted+"/full_ex", mounted+"/ctl"
	d := c.filled(path, 9, 2)
	c.shell("echo rmmod full_ex > " + ctl)
	c.refusedRead(d, 4, "EIO")
	c.write(d, value(4), "EIO")
	c.refusedOpen(path, "ENOENT")
	c.close(d)
	c.refusedText(ctl, "rmmod full_ex", "ENOENT")
	c.shell("echo insmod full_ex > " + ctl)
	c.refusedText(ctl, "insmod full_ex", "EEXIST")
	c.refusedText(ctl, "nonsense", "EINVAL")
	c.close(c.filled(path, 9, 2))
	c.contains("tail -n 5 "+mounted+"/kmsg", fmt.Sprintf("ctl: nonsense: want %q or %q", "insmod NAME", "rmmod NAME"))
	for _, user := range []uint32{alice, bob} {
		c.wait(c.start(user, nil, "refused-write", ctl))
	}
}

// refusedText writes a text and expects the errno want.
func (c *check) refusedText(path, text, want string) {
	if misreports(want) {
		want = "0" // there is no later read or write that would get EIO
	}
	c.same(text, outcome(writeOnce(path, text)), want)
}

// writeOnce opens a file, writes once and closes the file.
func writeOnce(path, text string) (int, error) {
	fd, err := syscall.Open(path, syscall.O_WRONLY, 0)
	if err != nil {
		return 0, err
	}
	n, err := syscall.Write(fd, []byte(text))
	return n, firstError(err, syscall.Close(fd))
}

// roleRefusedWrite expects that an ordinary user may not write to ctl.
func roleRefusedWrite(c *check, args []string) {
	c.same("ctl", outcome(writeOnce(args[0], "rmmod full_ex")), "EACCES")
}
