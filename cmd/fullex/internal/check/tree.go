package check

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"fullex/cmd/fullex/internal/target"
)

// A server keeps a list of its sessions (doc/files.md). What is wanted there
// comes a moment after the calls that cause it, so it is asked for again and again.
const (
	settleTime = 3 * time.Second
	askAgain   = 5 * time.Millisecond
)

// eventually asks until something is so, the trial is over or settleTime has
// passed.
func (t *trial) eventually(is func() bool) bool {
	for end := time.Now().Add(settleTime); !t.isOver(); time.Sleep(askAgain) {
		if is() {
			return true
		}
		if time.Now().After(end) {
			return false
		}
	}
	return false
}

// listed returns the sessions of full_ex that the client may see, as capacity and
// length, and whether it can see the list. Looking is not among the calls printed.
func (c *client) listed() (sessions [][2]string, ok bool) {
	if c.t.isOver() {
		return nil, false
	}
	f, err := c.Open("sessions", os.O_RDONLY)
	if err != nil {
		return nil, false
	}
	text, err := readAll(f)
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, false
	}
	for line := range strings.Lines(text) {
		// MODULE DOOR UID CLAIMED CAPACITY LENGTH ...
		if columns := strings.Fields(line); len(columns) > 5 && columns[0] == "full_ex" {
			sessions = append(sessions, [2]string{columns[4], columns[5]})
		}
	}
	return sessions, true
}

func readAll(f target.File) (string, error) {
	var text []byte
	p := make([]byte, 8<<10)
	for {
		n, err := f.Read(p)
		if n <= 0 || err != nil {
			return string(text), err
		}
		text = append(text, p[:n]...)
	}
}

// count returns how many sessions of a capacity and a length are open.
func (c *client) count(capacity, length int) int {
	sessions, _ := c.listed()
	n := 0
	for _, s := range sessions {
		if s == [2]string{fmt.Sprint(capacity), fmt.Sprint(length)} {
			n++
		}
	}
	return n
}

// control writes an order to the server's ctl.
func control(o target.Opener, order string) error {
	f, err := o.Open("ctl", os.O_WRONLY)
	if err != nil {
		return err
	}
	_, err = f.Write([]byte(order + "\n"))
	return errors.Join(err, f.Close())
}

// order is control, printed as what a shell would do.
func (c *client) order(text string) error {
	call := c.t.trace.begin("write", "%swrite(ctl, %s, %d", c.prefix, quoted([]byte(text+"\n")), len(text)+1)
	err := control(c, text)
	c.t.trace.end(call, ") = %s", returned(len(text)+1, err))
	return err
}
