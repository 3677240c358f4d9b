package vm

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
)

// atMark begins a line with the mark at which a scenario waits.
const atMark = "@@ AT "

// console collects what a guest prints, and waits for marks in it. It is safe for concurrent
// use.
type console struct {
	mu   sync.Mutex // guards the fields below
	text bytes.Buffer
	seen int           // bytes up to the end of the last mark that await has found
	grew chan struct{} // closed and replaced when there is more text
}

func newConsole() *console { return &console{grew: make(chan struct{})} }

// Write appends text. It never fails.
func (c *console) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	close(c.grew)
	c.grew = make(chan struct{})
	return c.text.Write(p)
}

// String returns all text so far.
func (c *console) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.text.String()
}

// await waits for a line with a mark after those that it has found before. It returns an error
// if ended is closed and there is no such line. A closed ended means that no more text comes.
func (c *console) await(mark string, ended <-chan struct{}) error {
	for {
		found, grew := c.find(mark)
		if found {
			return nil
		}
		select {
		case <-grew:
		case <-ended:
			if found, _ := c.find(mark); found {
				return nil
			}
			return fmt.Errorf("the guest ended before its mark %q: %s", mark, c)
		}
	}
}

// find looks for a mark in the whole lines after the last mark that was found. If there is
// none, grew is closed when there is more text to look at.
func (c *console) find(mark string) (found bool, grew <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := c.seen
	for line := range strings.Lines(string(c.text.Bytes()[c.seen:])) {
		at += len(line)
		_, name, ok := strings.Cut(line, atMark)
		if ok && strings.HasSuffix(line, "\n") && strings.TrimSpace(name) == mark {
			c.seen = at
			return true, nil
		}
	}
	return false, c.grew
}
