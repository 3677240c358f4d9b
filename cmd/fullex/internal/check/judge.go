package check

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
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
// fails the trial. Which of several answers a device chose is noted in the cases of its row
// only. subject names the call and the state: "read on an empty deque".
func (c *client) judge(subject string, n int, err error, answers ...contract.Answer) (given contract.Answer, ok bool) {
	i := slices.IndexFunc(answers, func(a contract.Answer) bool { return a.Is(n, err) })
	if i < 0 {
		c.t.fail("%s %s, must %s", subject, did(n, err), must(answers))
		return given, false
	}
	given = answers[i]
	if elsewhere := given.Choice && given.Row.Name != c.t.row.Name; !elsewhere {
		c.t.note(given.Remark(err))
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

// must describes the first of some answers, one of which a call must give: "return 4". If
// that is a refusal, must names all refusals of its row: "fail with EACCES or EINVAL".
func must(answers []contract.Answer) string {
	first := answers[0]
	switch {
	case first.Errno == 0 && first.N == 0:
		return "succeed"
	case first.Errno == 0:
		return fmt.Sprintf("return %d", first.N)
	}
	var words []string
	for _, a := range answers {
		switch {
		case a.Row != first.Row:
		case a.Any:
			words = append(words, "any error")
		case a.Errno != 0:
			words = append(words, contract.ErrnoName(a.Errno))
		case a.N == 0:
			words = append(words, "return 0")
		}
	}
	return "fail with " + strings.Join(words, " or ")
}
