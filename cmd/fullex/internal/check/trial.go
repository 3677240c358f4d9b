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

// trial is one run of a case. It ends at its first failure or reason to skip. No call is
// made after that, so a case need not check for it. It is safe for concurrent use.
type trial struct {
	o     Options
	row   contract.Row // of the case
	dial  func() (Client, error)
	trace trace

	mu      sync.Mutex
	result  Result // Status "": no failure and no reason to skip so far
	cut     bool   // the trial has ended, in time or not: no client may be added
	clients []*client
}

// isOver reports whether no more calls may be made.
func (t *trial) isOver() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.cut || t.result.Status != ""
}

// end sets the status and the reason, unless the trial has ended.
func (t *trial) end(s Status, format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.result.Status == "" && !t.cut {
		t.result.Status, t.result.Reason = s, fmt.Sprintf(format, args...)
	}
}

func (t *trial) fail(format string, args ...any) { t.end(Failed, format, args...) }

// skip ends a trial that is not possible here. The reason is a clause: "over 9P a client
// has no threads".
func (t *trial) skip(format string, args ...any) { t.end(Skipped, format, args...) }

// skipIf skips the trial for a reason, unless that is "".
func (t *trial) skipIf(reason string) {
	if reason != "" {
		t.skip("%s", reason)
	}
}

// guard calls do. A panic in do ends the trial, but not the run. Every goroutine of a case
// runs under a guard.
func (t *trial) guard(do func()) {
	defer func() {
		if p := recover(); p != nil {
			t.note(strings.TrimSpace(string(debug.Stack())))
			t.end(NotRun, "fullex has a defect: panic: %v", p)
		}
	}()
	do()
}

// note adds a note to the result, unless it is "" or there already.
func (t *trial) note(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if text != "" && !slices.Contains(t.result.Notes, text) {
		t.result.Notes = append(t.result.Notes, text)
	}
}

// isModule reports whether the device may be a kernel module.
func (t *trial) isModule() bool { return t.o.Contract.Profile != contract.Fixed }

// passesOver reports whether the trial makes no calls that a row refuses. Where a contract
// does not require the refusal, only the cases of the row itself try it: nobody knows what
// the session is after another answer.
func (t *trial) passesOver(r contract.Row) bool {
	return r.Errno != 0 && r.Name != t.row.Name && t.o.Contract.Rules[r.Name].Noted
}

// random returns random numbers that depend only on the seed and the number of the stream.
func (t *trial) random(stream int) *rand.Rand {
	return rand.New(rand.NewPCG(t.o.Seed, uint64(stream)))
}

// client starts a client. If that fails, it ends the trial and returns one without an
// Opener.
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

// single starts a client that may have the device open only once. It skips the trial where
// each open is a client of its own.
func (t *trial) single() *client {
	c := t.client()
	t.skipIf(c.Traits.EachOpen)
	return c
}

// other starts a client that the device distinguishes from the others. It skips the trial
// where the device sees all clients as one.
func (t *trial) other() *client {
	c := t.client()
	t.skipIf(c.Traits.OneClient)
	return c
}

// add registers a client, which is killed when the trial ends. If the trial has ended, add
// kills it at once.
func (t *trial) add(started Client) *client {
	if started.Traits.EachOpen == "" {
		started.Traits.EachOpen = map[contract.SecondOpen]string{contract.OwnDeque: opensOwn, contract.Unchecked: opensUnchecked}[t.o.Contract.SecondOpen]
	}
	c := &client{Client: started, t: t, fds: &descriptors{}}
	t.mu.Lock()
	if t.cut {
		t.mu.Unlock()
		_ = started.Close() // the result does not depend on it any more
		return &client{t: t}
	}
	t.clients = append(t.clients, c)
	if n := len(t.clients); n > 1 {
		c.prefix = fmt.Sprintf("[client %d] ", n)
	}
	t.mu.Unlock()
	return c
}

// killAll kills the clients. No client can be added after that. Children are killed before
// their parents, so that none has the device open when the next case begins.
func (t *trial) killAll() {
	t.mu.Lock()
	t.cut = true
	clients := t.clients
	t.mu.Unlock()
	for _, c := range slices.Backward(clients) {
		_ = c.Close() // the case has ended, and its result does not depend on this
	}
}
