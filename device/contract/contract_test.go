package contract

import (
	"fmt"
	"slices"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestProfilesHaveARuleForEachRow(t *testing.T) {
	for _, name := range Profiles {
		c := Of(Profile(name))
		assert.Equal(t, Profile(name), c.Profile)
		require.Len(t, c.Rules, len(RowsAndParts), "each row has a name of its own")
		for _, row := range RowsAndParts {
			assert.Equal(t, row.Errno, usualErrno(c.Rules[row.Name], row), "%s: %s is the usual answer", name, row.Name)
		}
	}
	assert.Equal(t, Of(Fixed), Of("nosuch"))
}

// usualErrno returns the usual errno of a row that refuses, or 0.
func usualErrno(r Rule, row Row) syscall.Errno {
	if row.Errno == 0 {
		return 0
	}
	return r.usual()
}

func TestOrderDecidesWhichValueIsRead(t *testing.T) {
	for order, want := range map[Order][]int32{Parity: {-3, 1, 2, 4}, FIFO: {1, 2, -3, 4}, LIFO: {4, -3, 2, 1}} {
		c := Of(Fixed)
		c.Order = order
		d := Device{Model: Model{Contract: c, Capacity: 4}}
		for _, v := range []int32{1, 2, -3, 4} {
			_, err := d.Write(bytesOf(v))
			require.NoError(t, err)
		}
		assert.Equal(t, want, d.Values, order)
	}
	assert.Len(t, Orders, 3)
}

func TestCapacitiesAreThoseOfTheContract(t *testing.T) {
	c := Of(Fixed)
	c.MinCapacity, c.MaxCapacity = 5, LargestCapacity
	for n, row := range map[byte]Row{0: RowCapacityBad, 4: RowCapacityBad, 5: RowCapacity, 255: RowCapacity} {
		assert.Equal(t, row, Model{Contract: c}.Write([]byte{n})[0].Row, n)
	}
}

// TestRulesDecideWhichRefusalsAreCorrect writes to a full deque.
func TestRulesDecideWhichRefusalsAreCorrect(t *testing.T) {
	for _, test := range []struct {
		rule    Rule
		refusal string
		correct []string // of EACCES, EINVAL, EIO and 0
		notes   []string
	}{
		{Rule{Errnos: []syscall.Errno{syscall.EACCES}}, "EACCES", []string{"EACCES"}, []string{""}},
		{Rule{Errnos: []syscall.Errno{syscall.EIO, syscall.EINVAL}}, "EIO or EINVAL", []string{"EINVAL", "EIO"},
			[]string{"EINVAL was accepted: EIO or EINVAL is right in row write-full", "EIO was accepted: EIO or EINVAL is right in row write-full"}},
		{Rule{Errnos: []syscall.Errno{syscall.EACCES}, Zero: true}, "EACCES or 0", []string{"EACCES", "0"},
			[]string{"EACCES was accepted: EACCES or 0 is right in row write-full", "0 was accepted: EACCES or 0 is right in row write-full"}},
		{Rule{Any: true}, "any error", []string{"EACCES", "EINVAL", "EIO"}, []string{
			"EACCES was accepted: any error is right in row write-full", "EINVAL was accepted: any error is right in row write-full",
			"EIO was accepted: any error is right in row write-full"}},
	} {
		c := Of(Fixed)
		c.Rules[RowFull.Name] = test.rule
		assert.Equal(t, test.refusal, c.Refusal(RowFull))
		assert.Equal(t, "write of 4 bytes | full | "+test.refusal, c.Row(RowFull).String())
		m := Model{Contract: c, Capacity: 1, Values: []int32{2}}
		answers := m.Write(bytesOf(4))
		var correct, notes []string
		for _, err := range []error{syscall.EACCES, syscall.EINVAL, syscall.EIO, nil, fmt.Errorf("no errno")} {
			i := slices.IndexFunc(answers, func(a Answer) bool { return a.Is(0, err) })
			if i < 0 {
				continue
			}
			name := "0"
			if err != nil {
				name = ErrnoName(err.(syscall.Errno))
				assert.True(t, test.rule.AcceptsErrno(err.(syscall.Errno)))
			}
			correct, notes = append(correct, name), append(notes, answers[i].Remark(err))
			assert.Equal(t, m, answers[i].Next, "a refused call changes nothing")
		}
		assert.Equal(t, test.correct, correct)
		assert.Equal(t, test.notes, notes)
	}
	assert.False(t, Rule{}.AcceptsErrno(syscall.EIO))
}

func TestRowsHaveTheWordsOfTheContract(t *testing.T) {
	for _, p := range []Profile{Fixed, Module} {
		for _, row := range RowsAndParts {
			assert.Equal(t, row, Of(p).Row(row), p)
		}
	}
	c := Of(Assignment)
	c.Order, c.MinCapacity, c.MaxCapacity = LIFO, 2, 9
	for row, want := range map[Row]string{
		RowPush:        "write of 4 bytes | room left | pushed left; returns 4",
		RowCapacity:    "write of 1 byte, 2..9 | uninitialised | sets the capacity; returns 1",
		RowCapacityBad: "write of 1 byte, other than 2..9 | uninitialised | EINVAL",
		RowOpenTwice:   "open | this client has one open | any error, the first is untouched",
		RowReadEmpty:   "read of 0 bytes | any | any error or 0",
		RowPopLong:     "read of 4 bytes or more | not empty | pops the leftmost; returns 4; or fails with any error",
	} {
		assert.Equal(t, want, c.Row(row).String())
	}
}

func TestErrnosHaveNames(t *testing.T) {
	for _, e := range []syscall.Errno{syscall.EPERM, syscall.EACCES, syscall.ESPIPE, syscall.ENOSYS} {
		got, ok := ErrnoNamed(ErrnoName(e))
		assert.True(t, ok)
		assert.Equal(t, e, got)
	}
	for _, name := range []string{"", "EACES", "eacces", "errno 4000"} {
		_, ok := ErrnoNamed(name)
		assert.False(t, ok, name)
	}
}
