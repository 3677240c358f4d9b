package main

import (
	"fmt"
	"slices"
	"strings"
	"syscall"

	"fullex/device/contract"
	"fullex/device/faults"
)

// breach is a row that a fault breaks.
type breach struct {
	row   contract.Row
	errno syscall.Errno // of the wrong answer; 0: it is not an error
}

// breaches are the rows that each fault breaks.
var breaches = map[string][]breach{
	"odd-right":          {{row: contract.RowPush}},
	"even-left":          {{row: contract.RowPush}},
	"negative-wrong-end": {{row: contract.RowPush}},
	"capacity-plus-one":  {{row: contract.RowFull}},
	"capacity-minus-one": {{row: contract.RowCapacity}, {row: contract.RowPush}},
	"capacity-101":       {{row: contract.RowCapacityBad}},
	"capacity-range":     {{row: contract.RowCapacity}, {row: contract.RowCapacityBad}},
	"einval-for-eacces": withErrno(syscall.EINVAL, contract.RowWriteNew, contract.RowFull, contract.RowNothing,
		contract.RowReadNew, contract.RowNothingSizes),
	"eacces-for-einval": withErrno(syscall.EACCES, contract.RowWriteEmpty, contract.RowCapacityBad, contract.RowWriteSize,
		contract.RowReadEmpty, contract.RowReadShort),
	"lost-on-big-read":  {{row: contract.RowPopLong}},
	"lost-on-error":     {{row: contract.RowReadShort}},
	"second-open":       {{row: contract.RowOpenTwice}},
	"shared-session":    {{row: contract.RowOpen}},
	"leak":              {{row: contract.RowOpen}, {row: contract.RowClose}},
	"close-frees-other": {{row: contract.RowClose}},
	"short-write":       {{row: contract.RowWriteSize}},
	"error":             withErrno(syscall.EIO, contract.RowsAndParts...),
	"delay":             {{row: contract.RowReply}},
	"reorder":           {{row: contract.RowReply}},
	"drop":              withErrno(0, contract.RowsAndParts...),
}

func withErrno(e syscall.Errno, rows ...contract.Row) (all []breach) {
	for _, r := range rows {
		all = append(all, breach{r, e})
	}
	return all
}

// allows reports whether a device with a fault is right by a contract, or wrong only where
// the contract does not require anything.
func allows(c *contract.Contract, f faults.Fault) bool {
	switch {
	case slices.Contains(soundFor(c), withParam(f)),
		f.Name == "second-open" && c.SecondOpen != contract.Refused,
		f.Name == "capacity-101" && c.MaxCapacity == contract.LargestCapacity: // one byte says no larger one
		return true
	}
	return !slices.ContainsFunc(breaches[f.Name], func(b breach) bool {
		rule := c.Rules[b.row.Name]
		return !rule.Noted && (b.errno == 0 || !rule.AcceptsErrno(b.errno))
	})
}

// soundFor returns the faults that make fullex's device sound for a contract.
func soundFor(c *contract.Contract) (planted []string) {
	switch c.Order {
	case contract.FIFO:
		planted = append(planted, "odd-right") // as even values are
	case contract.LIFO:
		planted = append(planted, "even-left")
	}
	if c.SecondOpen == contract.OwnDeque {
		planted = append(planted, "second-open")
	}
	if c.MinCapacity != 1 || c.MaxCapacity != contract.MaxCapacity {
		planted = append(planted, fmt.Sprintf("capacity-range=%d:%d", c.MinCapacity, c.MaxCapacity))
	}
	return planted
}

// plantedFor returns the faults that make a device with one defect where a contract's sound
// device has none. A text of "" is not a defect.
func plantedFor(c *contract.Contract, text string) (planted []string) {
	if text == "" {
		return soundFor(c)
	}
	name, _, _ := strings.Cut(text, "=")
	for _, sound := range soundFor(c) {
		if other, _, _ := strings.Cut(sound, "="); other != name {
			planted = append(planted, sound)
		}
	}
	return append(planted, text)
}
