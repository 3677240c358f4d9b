package contract

import (
	"encoding/binary"
	"fmt"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func bytesOf(v int32) []byte { return binary.LittleEndian.AppendUint32(nil, uint32(v)) }

// TestModelFollowsTheContract makes calls in one session, which fills the deque and
// empties it again.
func TestModelFollowsTheContract(t *testing.T) {
	d := Device{IsOpen: true}
	p := Player{file: &d}
	for _, test := range []struct {
		call, before string
		row          Row
	}{
		{"write  -> EINVAL", "a new session", RowWriteEmpty},
		{"write 01000000 -> EACCES", "a new session", RowWriteNew},
		{"write 00 -> EINVAL", "a new session", RowCapacityBad},
		{"write 65 -> EINVAL", "a new session", RowCapacityBad},
		{"read 4 -> EACCES", "a new session", RowReadNew},
		{"write 03 -> 1", "a new session", RowCapacity},
		{"read 1 -> EACCES", "an empty deque", RowNothingSizes},
		{"write feffffff -> 4", "an empty deque", RowPush},
		{"write ffffffff -> 4", "a deque that is neither empty nor full", RowPush},
		{"write fdffffff -> 4", "a deque that is neither empty nor full", RowPush},
		{"write 02000000 -> EACCES", "a full deque", RowFull},
		{"write 01 -> EINVAL", "a full deque", RowWriteSize},
		{"read 0 -> EINVAL", "a full deque", RowReadEmpty},
		{"read 3 -> EINVAL", "a full deque", RowReadShort},
		{"read 9 -> 4 fdffffff", "a full deque", RowPopLong},
		{"read 4 -> 4 ffffffff", "a deque that is neither empty nor full", RowPop},
		{"read 4 -> 4 feffffff", "a deque that is neither empty nor full", RowPop},
	} {
		c, err := parseCall(test.call)
		require.NoError(t, err)
		answers := d.Model.Read(c.Size)
		if c.Name == "write" {
			answers = d.Model.Write(c.Data)
		}
		require.Len(t, answers, 1)
		assert.Equal(t, test.row, answers[0].Row, test.call)
		assert.Equal(t, test.before, d.Model.String(), test.call)
		assert.Equal(t, c.Want, p.Do(c), test.call)
	}
}

func TestModelAllowsWhatTheOriginalAndKernelsDo(t *testing.T) {
	m := Model{Contract: Of(Module), LongReads: "as 6.8 does", Shared: true, Capacity: 1, Values: []int32{2}}
	for want, answers := range map[string][]Answer{
		"0 EINVAL 1; 4 02 0; 0 EACCES 1":       m.Read(1),
		"4 02000000 0; 0 EACCES 1":             m.Read(4),
		"4 02000000 0; 0 ESPIPE 1; 0 EACCES 1": m.Read(5),
		"0 EACCES 1; 0 EACCES 1":               m.Write(bytesOf(4)),
	} {
		var got string
		for i, a := range answers {
			assert.Equal(t, i > 0, a.Note != "", "every answer but the contract's has a note")
			result := fmt.Sprintf("%x", a.Data)
			if a.Errno != 0 {
				result = ErrnoName(a.Errno)
			}
			got += fmt.Sprintf("; %d %s %d", a.N, result, len(a.Next.Values))
		}
		assert.Equal(t, "; "+want, got)
	}
	m.Contract = Of(Fixed)
	assert.Len(t, m.Read(1), 1)
}

func TestAnswerIsComparesCountAndErrno(t *testing.T) {
	returns, refuses := Answer{N: 4}, Answer{Errno: syscall.EACCES}
	assert.True(t, returns.Is(4, nil))
	assert.True(t, refuses.Is(0, fmt.Errorf("read: %w", syscall.EACCES)))
	for _, is := range []bool{
		returns.Is(1, nil), returns.Is(4, syscall.EACCES), refuses.Is(0, nil), refuses.Is(0, syscall.EPERM), refuses.Is(0, assert.AnError),
	} {
		assert.False(t, is)
	}
}
