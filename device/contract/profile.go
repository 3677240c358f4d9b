package contract

import "syscall"

// Profile names a contract that this package knows.
type Profile string

// The profiles.
const (
	Fixed      Profile = "fixed"      // the rows as they are
	Module     Profile = "module"     // the rows, and also what the original does
	Assignment Profile = "assignment" // what the text of the assignment says, and any error where it is silent
)

// Profiles lists the names of all profiles.
var Profiles = []string{string(Fixed), string(Module), string(Assignment)}

// Of returns a new contract: that of a profile. Every other name than a profile's is Fixed.
func Of(p Profile) *Contract {
	c := &Contract{Profile: p, Order: Parity, SecondOpen: Refused, MinCapacity: 1, MaxCapacity: MaxCapacity, Rules: map[string]Rule{}}
	for _, r := range RowsAndParts {
		if r.Errno != 0 {
			c.Rules[r.Name] = Rule{Errnos: []syscall.Errno{r.Errno}}
		} else {
			c.Rules[r.Name] = Rule{}
		}
	}
	switch p {
	case Module:
		c.allowTheOriginal()
	case Assignment:
		c.allowWhatIsSilent()
	default:
		c.Profile = Fixed
	}
	return c
}

func (c *Contract) allowTheOriginal() {
	c.change(RowReadShort, func(r *Rule) {
		r.Pops = true
		r.Note = "as the original does, a read of fewer than 4 bytes popped a value and returned 4"
	})
	c.change(RowShared, func(r *Rule) {
		r.Errnos = []syscall.Errno{syscall.EACCES}
		r.Note = "as the original does, the session is its thread's: another is refused with EACCES"
	})
}

// allowWhatIsSilent makes a contract of the assignment's text. The text decides these
// refusals: a wrong capacity is EINVAL; an excess write and a read of an empty deque are
// EACCES. It demands that a second open is refused, and names no errno. It says "a wrong
// argument" is EINVAL, but not that a number of bytes is an argument.
func (c *Contract) allowWhatIsSilent() {
	for _, r := range []Row{
		RowOpenTwice, RowWriteEmpty, RowWriteNew, RowWriteSize, RowReadEmpty, RowReadNew, RowNothingSizes, RowPopLong, RowReadShort, RowUnload, RowShared,
	} {
		c.change(r, func(r *Rule) { r.Any = true })
	}
	for _, r := range []Row{RowWriteEmpty, RowReadEmpty} {
		c.change(r, func(r *Rule) { r.Zero = true })
	}
	c.change(RowReadShort, func(r *Rule) { r.Pops = true })
	for _, r := range []Row{RowUnload, RowReply, RowFile} {
		c.change(r, func(r *Rule) { r.Noted = true })
	}
}

// change changes the rule of a row.
func (c *Contract) change(row Row, do func(*Rule)) {
	r := c.Rules[row.Name]
	do(&r)
	c.Rules[row.Name] = r
}
