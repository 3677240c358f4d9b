package check

import (
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"strings"
	"sync"

	"fullex/device/contract"
)

// trial is a case being run. It ends at its first failure or reason to skip: the
// calls behind that are not made, so that cases need not look. It is safe for
// concurrent use.
type trial struct {
	o     Options
	dial  func() (Client, error)
	trace trace

	mu      sync.Mutex
	result  Result // Status "": nothing wrong so far
	cut     bool   // its time is over
	clients []*client
}

// isOver says whether no more calls are to be made.
func (t *trial) isOver() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.cut || t.result.Status != ""
}

// end sets how the trial ends, unless it has ended.
func (t *trial) end(s Status, format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.result.Status == "" && !t.cut {
		t.result.Status, t.result.Reason = s, fmt.Sprintf(format, args...)
	}
}

func (t *trial) fail(format string, args ...any) { t.end(Failed, format, args...) }

// skip ends a trial that cannot be made here. The reason is a clause: "over 9P a
// client has no threads".
func (t *trial) skip(format string, args ...any) { t.end(Skipped, format, args...) }

// skipIf skips for a reason unless it is "".
func (t *trial) skipIf(reason string) {
	if reason != "" {
		t.skip("%s", reason)
	}
}

// guard makes a panic of this program the end of the trial, and not of the run.
// Every goroutine of a case is within one.
func (t *trial) guard(do func()) {
	defer func() {
		if p := recover(); p != nil {
			t.note(strings.TrimSpace(string(debug.Stack())))
			t.end(NotRun, "fullex has a defect: panic: %v", p)
		}
	}()
	do()
}

// note keeps what the trial had to take into account, once.
func (t *trial) note(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !slices.Contains(t.result.Notes, text) {
		t.result.Notes = append(t.result.Notes, text)
	}
}

func (t *trial) isModule() bool { return t.o.Profile == contract.Module }

// random returns random numbers that depend on the seed and a stream's number only.
func (t *trial) random(stream int) *rand.Rand {
	return rand.New(rand.NewPCG(t.o.Seed, uint64(stream)))
}

// client starts another client.
func (t *trial) client() *client {
	if t.isOver() {
		return &client{t: t}
	}
	started, err := t.dial()
	if err != nil {
		t.fail("another client cannot be started: %v", err)
		return &client{t: t}
	}
	return t.add(started)
}

// single starts a client that may have the device open once.
func (t *trial) single() *client {
	c := t.client()
	t.skipIf(c.Traits.EachOpen)
	return c
}

// other starts a client that must be another one to the device, too.
func (t *trial) other() *client {
	c := t.client()
	t.skipIf(c.Traits.OneClient)
	return c
}

// add takes a client in, to be killed at the end. If the end has come it is.
func (t *trial) add(started Client) *client {
	c := &client{Client: started, t: t, fds: &descriptors{}}
	t.mu.Lock()
	if t.cut {
		t.mu.Unlock()
		_ = started.Close() // nobody waits for it any more
		return &client{t: t}
	}
	t.clients = append(t.clients, c)
	if n := len(t.clients); n > 1 {
		c.prefix = fmt.Sprintf("[client %d] ", n)
	}
	t.mu.Unlock()
	return c
}

// killAll kills the clients, once nothing is to come any more: children before
// their parents, so that none still has the device open when the next case begins.
func (t *trial) killAll() {
	t.mu.Lock()
	t.cut = true
	clients := t.clients
	t.mu.Unlock()
	for _, c := range slices.Backward(clients) {
		_ = c.Close() // what it had open is what the case looked at
	}
}
