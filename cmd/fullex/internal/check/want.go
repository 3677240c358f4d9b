package check

import (
	"fmt"
	"slices"
	"strings"
	"syscall"
)

// want is what a call must do: return a number, or fail with one of some errnos.
type want struct {
	n      int
	errnos []syscall.Errno
	plain  bool // it has no number to return
}

func gives(n int) want                   { return want{n: n} }
func fails(errnos ...syscall.Errno) want { return want{errnos: errnos} }
func (w want) refuses() bool             { return len(w.errnos) > 0 }

// succeeds is what an open or close that must work does.
var succeeds = want{plain: true}

// problem says in one sentence what is wrong about a result of a call, or is "".
// subject is who and when: "read on an empty deque".
func (w want) problem(subject string, n int, err error) string {
	errno, known := errnoOf(err)
	switch {
	case err != nil && !known:
		return fmt.Sprintf("%s got no answer (%v), must %s", subject, err, w)
	case err != nil && slices.Contains(w.errnos, errno):
		return ""
	case err != nil:
		return fmt.Sprintf("%s failed with %s, must %s", subject, errnoName(errno), w)
	case w.refuses() || n != w.n:
		return fmt.Sprintf("%s returned %d, must %s", subject, n, w)
	}
	return ""
}

// String is what a call must do.
func (w want) String() string {
	switch {
	case w.plain:
		return "succeed"
	case !w.refuses():
		return fmt.Sprintf("return %d", w.n)
	}
	var names []string
	for _, e := range w.errnos {
		names = append(names, errnoName(e))
	}
	return "fail with " + strings.Join(names, " or ")
}
