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

// textReads reads texts in all ways, also if they have grown or shrunk since Linux last asked
// for their attributes. Each way must give the whole text as it was at the open. If Linux
// believed in a larger size, it would read for ever (6.12) or lose the whole text (7.2).
func textReads(c *check) {
	c.soon("the sessions of other scenarios have ended", func() bool {
		return bytes.Count(c.textBy(wholeRead, c.openText(sessionsPath)), []byte("\n")) == 1
	})
	c.readsWhatCannotBeTruncated()
	var sessions crowd
	for _, base := range []int{0, 300} { // texts that fit one message, and texts that do not
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

// crowd is a list of open devices, one for each session.
type crowd []*device

// be opens or closes devices until there are n.
func (w *crowd) be(c *check, n int) {
	for len(*w) < n {
		d := c.open(mountPoint + "/each/full_ex")
		syscall.CloseOnExec(d.fd) // programs may not get so many descriptors
		*w = append(*w, d)
	}
	for _, d := range (*w)[n:] {
		c.close(d)
	}
	*w = (*w)[:n]
}

// sessionsPath is the list of sessions.
const sessionsPath = mountPoint + "/sessions"

// readsSessions reads /sessions twice, around a change of the number of sessions from before
// to after. First Linux asks for the attributes, then the number changes, then the file is
// opened. The second time, the file is opened first, and Linux asks for the attributes last.
func (c *check) readsSessions(r reading, sessions *crowd, before, after int) {
	sessions.be(c, before)
	known := c.withAttributes(sessionsPath)
	sessions.be(c, after)
	fd := c.openText(fmt.Sprintf("/proc/self/fd/%d", known))
	c.lists(fmt.Sprintf("%s of %d sessions, with attributes of %d", r.name, after, before), c.textBy(r, fd), after)
	c.must("close", syscall.Close(known))

	sessions.be(c, before)
	fd = c.openText(sessionsPath)
	sessions.be(c, after)
	c.askAttributes(fd)
	c.lists(fmt.Sprintf("%s of %d sessions, with attributes of %d", r.name, before, after), c.textBy(r, fd), before)
}

// toolsReadSessions reads /sessions with programs, which open the file after Linux has asked
// for the attributes and the number of sessions has changed.
func (c *check) toolsReadSessions(sessions *crowd, before, after int) {
	sessions.be(c, before)
	known := c.withAttributes(sessionsPath)
	sessions.be(c, after)
	path := fmt.Sprintf("/proc/%d/fd/%d", syscall.Getpid(), known)
	for _, line := range []string{
		"cat PATH", "cat < PATH", "dd if=PATH bs=100", "dd if=PATH bs=4096", "dd if=PATH bs=1M", "cp PATH /tmp/copy && cat /tmp/copy",
	} {
		c.lists(fmt.Sprintf("%s of %d sessions, with attributes of %d", line, after, before), c.printed(line, path), after)
	}
	last := c.printed("tail -n1 PATH", path)
	c.same("tail -n1: columns", len(strings.Fields(string(last))), sessionColumns)
	c.must("close", syscall.Close(known))
}

// readsLog opens /kmsg three times and reads it after it has grown. The text must begin with
// that of the first open, and the text of the last open must begin with it. Notices of dropped
// lines at the ends do not count.
func (c *check) readsLog(r reading, sessions *crowd) {
	var fds [3]int
	for i := range fds {
		fds[i] = c.openText(mountPoint + "/kmsg")
	}
	sessions.be(c, 5-min(len(*sessions), 5)) // to 0 or to some, which adds lines to the log
	c.askAttributes(fds[1])
	earlier, text, later := logLines(c.textBy(wholeRead, fds[0])), logLines(c.textBy(r, fds[1])), logLines(c.textBy(wholeRead, fds[2]))
	if !bytes.HasPrefix(text, earlier) || !bytes.HasPrefix(later, text) || len(earlier) == 0 {
		c.errorf("%s of kmsg: %d bytes; the opens just before and after it have %d and %d", r.name, len(text), len(earlier), len(later))
	}
}

// readsWhatCannotBeTruncated opens a text, tries as root to make it longer, and reads it. If
// truncate(2) succeeded, Linux would believe in a wrong size.
func (c *check) readsWhatCannotBeTruncated() {
	for _, r := range readings {
		fd := c.openText(sessionsPath)
		c.same("truncate", outcome(0, syscall.Truncate(sessionsPath, 1<<20)), "EACCES")
		c.lists(r.name+" after truncate", c.textBy(r, fd), 0)
	}
}

// logLines returns the text of a log without the notice of dropped lines at its end.
func logLines(text []byte) []byte {
	last := bytes.LastIndexByte(bytes.TrimSuffix(text, []byte("\n")), '\n') + 1
	if served.IsDroppedNotice(string(text[last:])) {
		return text[:last]
	}
	return text
}

// sessionColumns is the number of columns in a line of /sessions.
const sessionColumns = 10

// lists expects that a text is the whole list of so many sessions.
func (c *check) lists(what string, text []byte, sessions int) {
	lines := strings.SplitAfter(string(text), "\n")
	c.same(what+": lines", len(lines), 1+sessions+1)
	for _, line := range lines[:len(lines)-1] {
		c.same(what+": columns", len(strings.Fields(line)), sessionColumns)
	}
	c.same(what+": after the last line", lines[len(lines)-1], "")
}

// openText opens a file for reading.
func (c *check) openText(path string) (fd int) {
	fd, err := syscall.Open(path, syscall.O_RDONLY, 0)
	c.must("open "+path, err)
	return fd
}

// withAttributes lets Linux ask the server for the attributes of a file. It returns a
// descriptor that keeps the inode, but the file is not open at the server.
func (c *check) withAttributes(path string) (fd int) {
	fd, err := syscall.Open(path, unix.O_PATH, 0)
	c.must("open "+path, err)
	c.askAttributes(fd)
	return fd
}

// askAttributes calls fstat(2), so that Linux asks the server for the attributes.
func (c *check) askAttributes(fd int) {
	var stat syscall.Stat_t
	c.must("fstat", syscall.Fstat(fd, &stat))
}

// textBy reads an open text to its end in one of the ways, and closes it.
func (c *check) textBy(r reading, fd int) []byte {
	text := c.timed(r.name, func() ([]byte, error) { return r.read(fd) })
	c.must("close", syscall.Close(fd))
	return text
}

// printed returns what a line of shell prints. PATH in the line stands for a path.
func (c *check) printed(line, path string) []byte {
	return c.timed(line, func() ([]byte, error) {
		return exec.Command("/bin/busybox", "sh", "-c", strings.ReplaceAll(line, "PATH", path)).Output()
	})
}

// timed makes a call that may hang so that no signal ends it. After a minute the scenario ends
// without it.
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
