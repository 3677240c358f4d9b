package check

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"fullex/cmd/fullex/internal/target"
)

// A server lists its sessions (doc/files.md). The list may show the effect of a call a
// moment later, so the cases read it repeatedly.
const (
	settleTime = 3 * time.Second      // for how long
	askAgain   = 5 * time.Millisecond // how often
)

// eventually calls the function is until it returns true, the trial is over or settleTime
// has passed. It reports whether is returned true.
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

// listed returns the capacity and length of each session of full_ex that the client may
// see. ok is false if the client cannot read the list. These calls are not recorded.
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

// count returns how many listed sessions have this capacity and length.
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

// control writes a command to the server's ctl file.
func control(o target.Opener, command string) error {
	f, err := o.Open("ctl", os.O_WRONLY)
	if err != nil {
		return err
	}
	_, err = f.Write([]byte(command + "\n"))
	return errors.Join(err, f.Close())
}

// command writes a command to the ctl file and records that as a write.
func (c *client) command(text string) error {
	call := c.t.trace.begin("write", "%swrite(ctl, %s, %d", c.prefix, quoted([]byte(text+"\n")), len(text)+1)
	err := control(c, text)
	c.t.trace.end(call, ") = %s", returned(len(text)+1, err))
	return err
}
