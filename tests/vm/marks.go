package vm

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
)

// markPlace comes before the mark of a place at which a scenario waits.
const markPlace = "@@ AT "

// console collects what a guest writes while others wait for marks in it. It is
// safe for concurrent use.
type console struct {
	mu   sync.Mutex
	text bytes.Buffer
	seen int           // bytes in which await has found its marks
	grew chan struct{} // closed and replaced when there is more text
}

func newConsole() *console { return &console{grew: make(chan struct{})} }

// Write is how the text arrives. It never fails.
func (c *console) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	close(c.grew)
	c.grew = make(chan struct{})
	return c.text.Write(p)
}

// String returns everything so far.
func (c *console) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.text.String()
}

// await waits for the next line with a mark. When ended is closed there will be
// no more text.
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

// find looks for a mark in whole lines that no earlier mark was found in, nor
// comes before. If there is none, grew tells when to look again.
func (c *console) find(mark string) (found bool, grew <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := c.seen
	for line := range strings.Lines(string(c.text.Bytes()[c.seen:])) {
		at += len(line)
		_, place, ok := strings.Cut(line, markPlace)
		if ok && strings.HasSuffix(line, "\n") && strings.TrimSpace(place) == mark {
			c.seen = at
			return true, nil
		}
	}
	return false, c.grew
}
