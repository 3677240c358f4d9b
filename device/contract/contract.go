package contract

import (
	"fmt"
	"slices"
	"strings"
	"syscall"
)

// Contract says which answers of a device are correct. [Of] makes one. A contract must not
// be changed while a Model has it; then it is safe for concurrent use.
type Contract struct {
	Profile     Profile // the contract that this one was made from
	Order       Order
	SecondOpen  SecondOpen
	MinCapacity int             // smallest capacity that a device accepts, at least 1
	MaxCapacity int             // largest one, at most 255
	Rules       map[string]Rule // by Row.Name
}

// LargestCapacity is the largest capacity that one byte can say.
const LargestCapacity = 255

// Order says at which end a value is pushed. Reads pop the leftmost.
type Order string

// The orders.
const (
	Parity Order = "parity" // odd values left, even values right
	FIFO   Order = "fifo"   // all values right: the oldest is popped first
	LIFO   Order = "lifo"   // all values left: the newest is popped first
)

// Orders lists the names of all orders.
var Orders = []string{string(Parity), string(FIFO), string(LIFO)}

// Left reports whether v is pushed left.
func (o Order) Left(v int32) bool { return o == LIFO || o != FIFO && v&1 != 0 }

// SecondOpen says what a client gets that has the device open and opens it again.
type SecondOpen string

// The answers to a second open.
const (
	Refused   SecondOpen = "refused"   // a client has the device open once (RowOpenTwice)
	OwnDeque  SecondOpen = "own-deque" // each open has a deque of its own
	Unchecked SecondOpen = "unchecked" // the contract does not say
)

// SecondOpens lists the names of all answers to a second open.
var SecondOpens = []string{string(Refused), string(OwnDeque), string(Unchecked)}

// Rule says which answers are correct in a row. In a row that refuses the call, every
// answer must leave the session as it is, except for Pops. Of the rows that succeed only
// RowPopLong and RowShared can have Errnos or Any: a device may refuse such a call.
type Rule struct {
	Errnos []syscall.Errno // of a refused call, the usual one first
	Any    bool            // any other errno is correct, too
	Zero   bool            // so is success that returns 0
	Pops   bool            // RowReadShort: so is popping a value, with the count 4
	Note   string          // why such an answer is correct; "": the row and its rule say it
	Noted  bool            // a wrong answer is worth a note only
	Weight int             // of each case of the row; 0: as the case says
}

// AcceptsErrno reports whether refusing the call with e is correct.
func (r Rule) AcceptsErrno(e syscall.Errno) bool {
	return r.Any || slices.Contains(r.Errnos, e)
}

// usual returns the errno of a device that follows the rule, or 0 if none does.
func (r Rule) usual() syscall.Errno {
	switch {
	case len(r.Errnos) > 0:
		return r.Errnos[0]
	case r.Any:
		return syscall.EACCES
	}
	return 0
}

// Refusal describes how a call in a row must fail: "EACCES", "EACCES or EINVAL",
// "any error or 0".
func (c *Contract) Refusal(row Row) string {
	rule := c.Rules[row.Name]
	var words []string
	for _, e := range rule.Errnos {
		words = append(words, ErrnoName(e))
	}
	if rule.Any {
		words = []string{"any error"}
	}
	if rule.Zero {
		words = append(words, "0")
	}
	return strings.Join(words, " or ")
}

// Row returns a row with the words of this contract in its columns.
func (c *Contract) Row(row Row) Row {
	capacities := fmt.Sprintf("%d..%d", c.MinCapacity, c.MaxCapacity)
	switch row.Name {
	case RowPush.Name:
		row.Result = map[Order]string{FIFO: "pushed right; returns 4", LIFO: "pushed left; returns 4"}[c.Order]
		if c.Order == Parity {
			row.Result = RowPush.Result
		}
	case RowCapacity.Name:
		row.Call = "write of 1 byte, " + capacities
	case RowCapacityBad.Name:
		if row.Call = fmt.Sprintf("write of 1 byte, 0 or above %d", c.MaxCapacity); c.MinCapacity > 1 {
			row.Call = "write of 1 byte, other than " + capacities
		}
	}
	rule := c.Rules[row.Name]
	if row.Errno != 0 {
		row.Result = c.Refusal(row) + strings.TrimPrefix(row.Result, ErrnoName(row.Errno))
	} else if rule.Note == "" && (rule.Any || len(rule.Errnos) > 0) {
		row.Result += "; or fails with " + c.Refusal(row)
	}
	return row
}
