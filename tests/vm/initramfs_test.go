package vm

import (
	"bytes"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// entry is an entry of an archive.
type entry struct {
	name    string
	mode    uint32
	content string
}

// readEntry reads an entry. It uses offsets from the format's description, and no code of the
// writer.
func readEntry(t *testing.T, r *bytes.Reader) entry {
	t.Helper()
	head := make([]byte, 110)
	_, err := io.ReadFull(r, head)
	require.NoError(t, err)
	require.Equal(t, "070701", string(head[:6]))
	field := func(i int) (n uint32) {
		_, err := fmt.Sscanf(string(head[6+8*i:14+8*i]), "%08x", &n)
		require.NoError(t, err)
		return n
	}
	padded := func(size, before uint32) string {
		p := make([]byte, size+(4-(before+size)%4)%4)
		_, err := io.ReadFull(r, p)
		require.NoError(t, err)
		assert.Equal(t, make([]byte, len(p)-int(size)), p[size:], "padding")
		return string(p[:size])
	}
	name := padded(field(11), 110)
	return entry{name: name[:len(name)-1], mode: field(1), content: padded(field(6), 0)}
}

func TestArchiveHasTheFormatNewc(t *testing.T) {
	want := []entry{
		{"mnt", modeDir | 0o777, ""},
		{"init", modeRegular | 0o755, "12345"},
		{"a", modeRegular | 0o644, "1234"},
		{"ab", modeRegular | 0o644, "123"},
		{"TRAILER!!!", 0, ""},
	}
	var out bytes.Buffer
	a := &archive{w: &out}
	for _, e := range want {
		a.add(e.name, e.mode, []byte(e.content))
	}
	require.NoError(t, a.err)
	r := bytes.NewReader(out.Bytes())
	for _, e := range want {
		assert.Equal(t, e, readEntry(t, r))
	}
	assert.Zero(t, r.Len())
}

func TestArchiveKeepsItsFirstError(t *testing.T) {
	a := &archive{w: io.Discard}
	require.Error(t, a.addFile("init", 0o755, "nosuch/file"))
	broken, end := io.Pipe()
	require.NoError(t, broken.Close())
	a.w = end
	a.add("a", modeRegular, nil)
	assert.ErrorIs(t, a.err, io.ErrClosedPipe)
}
