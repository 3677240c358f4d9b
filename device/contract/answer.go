package contract

import (
	"errors"
	"syscall"
)

// Answer is a correct result of a call.
type Answer struct {
	Row    Row           // the row that decides
	N      int           // count that a successful call returns
	Data   []byte        // bytes that a read returns: N, or fewer where the original miscounts
	Errno  syscall.Errno // errno of a refused call; 0: the call succeeds
	Any    bool          // any other errno is this answer, too
	Note   string        // what to say about this answer; "" if it is the only one of the contract
	Choice bool          // the contract leaves the choice of this answer to the device
	Next   Model         // the session after the call
}

// Is reports whether n and err, which a call returned, are this answer. It does not
// compare data.
func (a Answer) Is(n int, err error) bool {
	if a.Any {
		_, refused := errors.AsType[syscall.Errno](err)
		return refused
	}
	if a.Errno != 0 {
		return errors.Is(err, a.Errno)
	}
	return err == nil && n == a.N
}

// Remark returns what to say about this answer, or "". err is the error that the call
// returned.
func (a Answer) Remark(err error) string {
	if errno, ok := errors.AsType[syscall.Errno](err); a.Any && ok {
		return ErrnoName(errno) + " was accepted: " + a.Note
	}
	return a.Note
}

// refusals returns the answers to a call that a row refuses, or may refuse. All leave the
// session as it is.
func (m Model) refusals(row Row) (answers []Answer) {
	rule := m.rule(row)
	right := m.contract().Refusal(row) + " is right in row " + row.Name
	if rule.Any {
		answers = append(answers, Answer{Row: row, Errno: rule.usual(), Any: true, Note: right, Next: m})
	} else {
		for _, e := range rule.Errnos {
			answers = append(answers, Answer{Row: row, Errno: e, Note: ErrnoName(e) + " was accepted: " + right, Next: m})
		}
	}
	if rule.Zero {
		answers = append(answers, Answer{Row: row, Note: "0 was accepted: " + right, Next: m})
	}
	if row.Errno != 0 && len(answers) == 1 && !rule.Any {
		answers[0].Note = "" // there is no choice
	}
	for i := range answers {
		answers[i].Choice = answers[i].Note != ""
	}
	return answers
}
