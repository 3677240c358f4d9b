//go:build linux

package main

import (
	"bytes"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	served "fullex/device"
)

// textReads reads texts in all ways, also when they have grown or shrunk since the kernel
// last asked for their attributes. Each gives the whole text that there was at the open: a
// kernel that believed a size beyond it would ask for ever (Linux 6.12) or lose all of it
// (7.2).
func textReads(c *check) {
	c.soon("no session of another scenario is left", func() bool {
		return bytes.Count(c.textBy(wholeRead, c.openText(sessionsPath)), []byte("\n")) == 1
	})
	c.readsWhatCannotBeTruncated()
	var sessions crowd
	for _, base := range []int{0, 300} { // a text of one message, and of several
		for _, change := range []int{0, 5, -5} {
			for _, r := range readings {
				c.readsSessions(r, &sessions, base+5, base+5+change)
			}
			c.toolsReadSessions(&sessions, base+5, base+5+change)
		}
	}
	for _, r := range readings {
		c.readsLog(r, &sessions)
	}
	sessions.be(c, 0)
	c.same("wc -c of modules", c.shell("wc -c < /mnt/modules"), c.shell("cat /mnt/modules | wc -c"))
}

// crowd are the sessions that this machine has open.
type crowd []*device

// be opens or closes sessions until there are n.
func (w *crowd) be(c *check, n int) {
	for len(*w) < n {
		d := c.open(mountPoint + "/each/full_ex")
		syscall.CloseOnExec(d.fd) // programs may not have so many
		*w = append(*w, d)
	}
	for _, d := range (*w)[n:] {
		c.close(d)
	}
	*w = (*w)[:n]
}

const sessionsPath = mountPoint + "/sessions"

// readsSessions reads /sessions when there are other sessions than before, at an open of
// what the kernel had looked at before, and at an open before which it looks at after.
func (c *check) readsSessions(r reading, sessions *crowd, before, after int) {
	sessions.be(c, before)
	looked := c.lookedAt(sessionsPath)
	sessions.be(c, after)
	fd := c.openText(fmt.Sprintf("/proc/self/fd/%d", looked))
	c.lists(fmt.Sprintf("%s of %d sessions, looked at as %d", r.name, after, before), c.textBy(r, fd), after)
	c.must("close", syscall.Close(looked))

	sessions.be(c, before)
	fd = c.openText(sessionsPath)
	sessions.be(c, after)
	c.look(fd)
	c.lists(fmt.Sprintf("%s of %d sessions, looked at as %d", r.name, before, after), c.textBy(r, fd), before)
}

// toolsReadSessions is readsSessions for programs that open what the kernel had looked at
// before.
func (c *check) toolsReadSessions(sessions *crowd, before, after int) {
	sessions.be(c, before)
	looked := c.lookedAt(sessionsPath)
	sessions.be(c, after)
	path := fmt.Sprintf("/proc/%d/fd/%d", syscall.Getpid(), looked)
	for _, line := range []string{
		"cat PATH", "cat < PATH", "dd if=PATH bs=100", "dd if=PATH bs=4096", "dd if=PATH bs=1M", "cp PATH /tmp/copy && cat /tmp/copy",
	} {
		c.lists(fmt.Sprintf("%s of %d sessions, looked at as %d", line, after, before), c.printed(line, path), after)
	}
	last := c.printed("tail -n1 PATH", path)
	c.same("tail -n1: columns", len(strings.Fields(string(last))), sessionColumns)
	c.must("close", syscall.Close(looked))
}

// readsLog reads /kmsg when it has grown since the open. What it gives begins with what
// an earlier open gives, and a later one's begins with it, but for notices at their ends.
func (c *check) readsLog(r reading, sessions *crowd) {
	var fds [3]int
	for i := range fds {
		fds[i] = c.openText(mountPoint + "/kmsg")
	}
	sessions.be(c, 5-min(len(*sessions), 5)) // none, or some: the log tells of it
	c.look(fds[1])
	earlier, text, later := logLines(c.textBy(wholeRead, fds[0])), logLines(c.textBy(r, fds[1])), logLines(c.textBy(wholeRead, fds[2]))
	if !bytes.HasPrefix(text, earlier) || !bytes.HasPrefix(later, text) || len(earlier) == 0 {
		c.errorf("%s of kmsg: %d bytes, of opens just before and after it %d and %d", r.name, len(text), len(earlier), len(later))
	}
}

// readsWhatCannotBeTruncated reads a text that root has tried to make longer since it was
// opened, which would move the size that the kernel believes in.
func (c *check) readsWhatCannotBeTruncated() {
	for _, r := range readings {
		fd := c.openText(sessionsPath)
		c.same("truncate", outcome(0, syscall.Truncate(sessionsPath, 1<<20)), "EACCES")
		c.lists(r.name+" after truncate", c.textBy(r, fd), 0)
	}
}

// logLines is a log's text without the notice of lines that were dropped.
func logLines(text []byte) []byte {
	last := bytes.LastIndexByte(bytes.TrimSuffix(text, []byte("\n")), '\n') + 1
	if served.IsDroppedNotice(string(text[last:])) {
		return text[:last]
	}
	return text
}

// sessionColumns is how many columns a line of /sessions has.
const sessionColumns = 10

// lists reports a text that is not the whole list of so many sessions.
func (c *check) lists(what string, text []byte, sessions int) {
	lines := strings.SplitAfter(string(text), "\n")
	c.same(what+": lines", len(lines), 1+sessions+1)
	for _, line := range lines[:len(lines)-1] {
		c.same(what+": columns", len(strings.Fields(line)), sessionColumns)
	}
	c.same(what+": behind the last line", lines[len(lines)-1], "")
}

func (c *check) openText(path string) (fd int) {
	fd, err := syscall.Open(path, syscall.O_RDONLY, 0)
	c.must("open "+path, err)
	return fd
}

// lookedAt returns a descriptor of a file that is not open and of which the kernel has
// asked for the attributes.
func (c *check) lookedAt(path string) (fd int) {
	fd, err := syscall.Open(path, unix.O_PATH, 0)
	c.must("open "+path, err)
	c.look(fd)
	return fd
}

func (c *check) look(fd int) {
	var stat syscall.Stat_t
	c.must("fstat", syscall.Fstat(fd, &stat))
}

// textBy reads an open text to its end and closes it.
func (c *check) textBy(r reading, fd int) []byte {
	text := c.timed(r.name, func() ([]byte, error) { return r.read(fd) })
	c.must("close", syscall.Close(fd))
	return text
}

// printed returns what a shell line prints whose PATH stands for a path.
func (c *check) printed(line, path string) []byte {
	return c.timed(line, func() ([]byte, error) {
		return exec.Command("/bin/busybox", "sh", "-c", strings.ReplaceAll(line, "PATH", path)).Output()
	})
}

// timed makes a call that may hang where no signal helps: the scenario leaves it behind
// then and ends.
func (c *check) timed(what string, call func() ([]byte, error)) (text []byte) {
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		text, err = call()
	}()
	select {
	case <-done:
		c.must(what, err)
		return text
	case <-time.After(time.Minute):
		c.fatalf("%s: hangs", what)
		return nil
	}
}
