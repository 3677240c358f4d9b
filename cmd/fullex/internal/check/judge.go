package check

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"syscall"

	"fullex/device/contract"
)

// gives returns the answer of a call that returns n. fails returns the answer of a call that
// fails with e.
func gives(n int) contract.Answer           { return contract.Answer{N: n} }
func fails(e syscall.Errno) contract.Answer { return contract.Answer{Errno: e} }

// succeeds is the answer of a call without a count that succeeds, such as close.
var succeeds = gives(0)

// judge returns the answer that a call gave. If the call gave none of the answers, judge
// fails the trial. subject names the call and the state: "read on an empty deque".
func (c *client) judge(subject string, n int, err error, answers ...contract.Answer) (given contract.Answer, ok bool) {
	i := slices.IndexFunc(answers, func(a contract.Answer) bool { return a.Is(n, err) })
	if i < 0 {
		c.t.fail("%s %s, must %s", subject, did(n, err), must(answers[0]))
		return given, false
	}
	if given = answers[i]; given.Note != "" {
		c.t.note(given.Note)
	}
	return given, true
}

// judgeData fails the trial if a read returned other bytes than want. A nil want allows any.
func (c *client) judgeData(subject string, got, want []byte) {
	switch {
	case want == nil || bytes.Equal(got, want):
	case len(want) == contract.ValueSize && len(got) == len(want):
		c.t.fail("%s returned the value %d, must return %d, the leftmost", subject, valueOf(got), valueOf(want))
	default:
		c.t.fail("%s returned the bytes %s, must return %s, of the leftmost value", subject, quoted(got), quoted(want))
	}
}

// did describes the result of a call: "returned 4".
func did(n int, err error) string {
	switch errno, known := errors.AsType[syscall.Errno](err); {
	case err == nil:
		return fmt.Sprintf("returned %d", n)
	case known:
		return "failed with " + contract.ErrnoName(errno)
	}
	return fmt.Sprintf("got no answer (%v)", err)
}

// must describes an answer that a call must give: "return 4".
func must(a contract.Answer) string {
	switch {
	case a.Errno != 0:
		return "fail with " + contract.ErrnoName(a.Errno)
	case a.N == 0:
		return "succeed"
	}
	return fmt.Sprintf("return %d", a.N)
}
