package wire

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// FuzzFrame reads arbitrary bytes as a message. The fields must be parts of the body, and
// nothing may read beyond it or write to it.
func FuzzFrame(f *testing.F) {
	f.Add(AppendVersion(nil, Tversion, NoTag, 8192, Version9P2000L))
	f.Add(AppendAttach(nil, 1, 0, "each", 7))
	f.Add(AppendWalk(nil, 1, 0, 1, "pid", "7", ""))
	f.Add(AppendWrite(nil, 1, 1, 1<<63, []byte{1, 2, 3}))
	f.Add(AppendError(nil, 1, 13))
	f.Add([]byte{11, 0, 0, 0, byte(Rwalk), 1, 0, 255, 255, 1, 2})
	f.Add([]byte{11, 0, 0, 0, byte(Rread), 1, 0, 255, 255, 255, 255})
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) < HeadSize {
			return
		}
		m := Frame(bytes.Clone(b)[:len(b):len(b)])
		assert.NotEmpty(t, m.Line())
		fields, ok := m.Fields()
		require.Equal(t, m.Fits(), ok)
		n := 0
		for name, field := range fields {
			require.NotEmpty(t, field.Append(nil), name)
			require.NotNil(t, field.Value(), name)
			_, _, _ = field.Uint(), field.Count(), field.Names()
			n += len(field.bytes)
		}
		require.LessOrEqual(t, n, len(m.Body()))
		require.Equal(t, b, []byte(m), "the message is unchanged")
	})
}

// TestMessagesAreReadAsTheyWereWritten writes a message with each function that writes a whole
// one, and reads its fields.
func TestMessagesAreReadAsTheyWereWritten(t *testing.T) {
	for _, test := range []struct {
		frame []byte
		want  string
	}{
		{AppendVersion(nil, Rversion, NoTag, 8192, "9P2000.L"), `Rversion tag 65535 msize 8192 version "9P2000.L"`},
		{AppendAttach(nil, 1, 2, "/each", 7), `Tattach tag 1 fid 2 afid ~0 uname "" aname "/each" n_uname 7`},
		{AppendWalk(nil, 1, 2, 3, "pid", "9"), `Twalk tag 1 fid 2 newfid 3 names ["pid" "9"]`},
		{AppendOpen(nil, 1, 2, 0o4002), `Tlopen tag 1 fid 2 flags 2050`},
		{AppendRead(nil, 1, 2, 1<<40, 5), `Tread tag 1 fid 2 offset 1099511627776 count 5`},
		{AppendReaddir(nil, 1, 2, 3, 4), `Treaddir tag 1 fid 2 offset 3 count 4`},
		{AppendWrite(nil, 1, 2, 3, []byte{0xab}), `Twrite tag 1 fid 2 offset 3 data 1 [ab]`},
		{AppendGetattr(nil, 1, 2, 0x7ff), `Tgetattr tag 1 fid 2 mask 2047`},
		{AppendFID(nil, Tclunk, 1, 2), `Tclunk tag 1 fid 2`},
		{AppendFlush(nil, 1, 2), `Tflush tag 1 oldtag 2`},
		{AppendEmpty(nil, Rflush, 1), `Rflush tag 1`},
		{AppendError(nil, 1, 13), `Rlerror tag 1 errno 13`},
	} {
		buffer := append([]byte{1, 2, 3}, test.frame...)
		assert.Equal(t, test.want, Frame(buffer[3:]).Line())
		assert.EqualValues(t, len(test.frame), Size(test.frame))
		assert.True(t, Frame(test.frame).Fits(), test.want)
	}
}
