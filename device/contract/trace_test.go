package contract

import (
	"io"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const trace = `open -> ok
open again -> EACCES
write 05 -> 1
read 12 -> EACCES
write 02000000 -> 4
read 4096 -> 4 02000000
close -> ok
`

func TestReadTraceReadsEveryKindOfLine(t *testing.T) {
	calls, err := ReadTrace(strings.NewReader(trace))
	require.NoError(t, err)
	require.Len(t, calls, 7)
	var again []string
	for _, c := range calls {
		again = append(again, c.String()+" -> "+c.Want)
	}
	assert.Equal(t, trace, strings.Join(again, "\n")+"\n")
	assert.Equal(t, 5, calls[4].Line)
}

func TestReadTraceNamesTheBadLine(t *testing.T) {
	for _, line := range []string{"open", "read x -> 4", "read -1 -> 4", "read 99999999999 -> 4", "write 0 -> 1", "seek 4 -> 0"} {
		_, err := ReadTrace(strings.NewReader("open -> ok\n" + line + "\n"))
		assert.ErrorContains(t, err, "line 2")
	}
}

func TestPlayerShowsNoMoreBytesThanTheBufferHas(t *testing.T) {
	d := Device{Model: Model{Contract: Of(Module)}}
	calls, err := ReadTrace(strings.NewReader("open -> ok\nwrite 01 -> 1\nwrite 04030201 -> 4\nread 2 -> 4 0403\nclose -> ok\n"))
	require.NoError(t, err)
	assert.Empty(t, calls.Replay(d.Open))
}

// wrong is an open device whose reads, writes and closes return wrong results.
type wrong struct{}

func (wrong) Read(p []byte) (int, error)  { return min(len(p), 4), nil }
func (wrong) Write(p []byte) (int, error) { return 0, syscall.EINVAL }
func (wrong) Close() error                { return syscall.EIO }

func TestReplayReturnsTheCallsThatDiffer(t *testing.T) {
	calls, err := ReadTrace(strings.NewReader(trace))
	require.NoError(t, err)
	var got []string
	for _, d := range calls.Replay(func() (io.ReadWriteCloser, error) { return wrong{}, nil }) {
		got = append(got, d.String())
	}
	assert.Equal(t, []string{
		"line 2: open again -> EIO, want EACCES",
		"line 3: write 05 -> EINVAL, want 1",
		"line 4: read 12 -> 4 00000000, want EACCES",
		"line 5: write 02000000 -> EINVAL, want 4",
		"line 6: read 4096 -> 4 00000000, want 4 02000000",
		"line 7: close -> EIO, want ok",
	}, got)
}

func TestPlayerKeepsAnErrorThatIsNotAnAnswer(t *testing.T) {
	r := Player{Open: func() (io.ReadWriteCloser, error) { return wrong{}, nil }}
	assert.Equal(t, "not open", r.Do(Call{Name: "close"}))
	assert.NoError(t, r.Close(), "nothing is open")
	assert.Equal(t, "ok", r.Do(Call{Name: "open"}))
	assert.Equal(t, "open already", r.Do(Call{Name: "open"}))
	assert.Equal(t, "EINVAL", r.Do(Call{Name: "write"}))
	assert.NoError(t, r.Err())
	assert.ErrorIs(t, r.Close(), syscall.EIO)
	r.Open = func() (io.ReadWriteCloser, error) { return nil, assert.AnError }
	assert.Equal(t, assert.AnError.Error(), r.Do(Call{Name: "open"}))
	assert.ErrorIs(t, r.Err(), assert.AnError)
}

func TestReadTraceReadsALongLine(t *testing.T) {
	calls, err := ReadTrace(strings.NewReader("write " + strings.Repeat("ab", 1<<20) + " -> EINVAL\n"))
	require.NoError(t, err)
	assert.Len(t, calls[0].Data, 1<<20)
}
