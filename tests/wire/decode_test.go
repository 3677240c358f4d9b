package wire

import (
	"bytes"
	"encoding/hex"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func unhex(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	require.NoError(t, err)
	return b
}

func TestFramesThatAreNotMessages(t *testing.T) {
	for frame, want := range map[string]string{
		"":                          "raw hex:",
		"0600000064ff":              "raw hex:0600000064ff",
		"07000000c80100":            "type:200 hex:",
		"0b000000740100 01000000":   "type:116 hex:01000000",   // Tread, cut
		"0c000000780100 0100000000": "type:120 hex:0100000000", // Tclunk and a byte
		"130000006e0100 00000000 01000000 ffff 0100": "type:110 hex:0000000001000000ffff0100",
		"0f000000290100 ffffffff 00000000":           "type:41 hex:ffffffff00000000",
		"0f000000290100 04000000 00000000":           "type:41 hex:0400000000000000",
	} {
		got, _ := Decode(unhex(t, frame))
		assert.Equal(t, want, got)
	}
}

func TestReadFrame(t *testing.T) {
	in := bytes.NewReader(unhex(t, "07000000790100 0b000000070200 0d000000 0700"))
	for _, want := range []string{"Rclunk", "Rlerror EACCES"} {
		frame, err := ReadFrame(in)
		require.NoError(t, err)
		got, _ := Decode(frame)
		assert.Equal(t, want, got)
	}
	_, err := ReadFrame(in)
	assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
	_, err = ReadFrame(in)
	assert.ErrorIs(t, err, io.EOF)
	for _, size := range []string{"06000000", "ffffffff"} {
		_, err = ReadFrame(bytes.NewReader(unhex(t, size)))
		assert.ErrorContains(t, err, "a frame of size")
	}
}

// FuzzDecode decodes any frame without a panic, and encodes its text to the same frame.
func FuzzDecode(f *testing.F) {
	for _, text := range []string{
		"Tversion 65536 9P2000.L", "Twalk 0 1 pid 7 full_ex", "Rwalk dir:1 file:2:3", "Twrite 1 0 hex:05",
		"Rreaddir a,1,4,dir:2 \"b,c\",2,8,file:3", "Rlerror EACCES", "Tfsync 1 0", "type:200 hex:00",
		"Tlock 1 1 0 0 0 1 host cut:1", "Twalk 0 1 \"...\" \"*\" \"add:00\"", "Tclunk 1 add:00",
	} {
		frame, err := Encode(text, 1)
		require.NoError(f, err)
		f.Add(frame)
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		text, tag := Decode(frame)
		assert.NotContains(t, text, "\n")
		if len(frame) < headSize {
			return
		}
		again, err := Encode(text, tag)
		require.NoError(t, err, text)
		le.PutUint32(frame, uint32(len(frame))) // the text does not have the size
		assert.Equal(t, frame, again, text)
		assert.NoError(t, Vars{}.Match(text, frame))
	})
}

// FuzzEncode encodes any text without a panic. The decoder's text of the frame must encode to
// the same frame.
func FuzzEncode(f *testing.F) {
	for _, text := range []string{
		"@7 Tread 1 0 4 cut:3", "Twalk 0 1 repeat:16:a", `Twalk 0 1 "\x00"`, "Twrite 1 0 int:-5,7", "Rattach dir:1",
		"Rreaddir x,1,4,dir:2", "type:7 hex:01", "Tlopen 1 O_RDWR|3", "Tclunk 1 size:0",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		frame, err := Encode(text, 1)
		if err != nil {
			return
		}
		first, tag := Decode(frame)
		again, err := Encode(first, tag)
		require.NoError(t, err, first)
		assert.Equal(t, frame[4:], again[4:], first)
	})
}
