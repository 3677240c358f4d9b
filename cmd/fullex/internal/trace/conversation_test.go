package trace

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/p9srv/wire"
)

// step is a piece of what one side sends.
type step struct {
	server bool
	bytes  []byte
}

func asked(messages ...[]byte) step    { return step{false, bytes.Join(messages, nil)} }
func answered(messages ...[]byte) step { return step{true, bytes.Join(messages, nil)} }

// errno, done and qids make replies, or parts of them.
func errno(tag uint16, n byte) []byte { return frameOf(wire.Rlerror, tag, n, 0, 0, 0) }
func done(typ wire.Type, tag uint16, body ...byte) []byte {
	return frameOf(typ+1, tag, body...)
}
func qids(n int) []byte {
	return append([]byte{byte(n), 0}, make([]byte, 13*n)...)
}

var anAttach = []step{
	asked(wire.AppendAttach(nil, 1, 0, "", 7)), answered(done(wire.Tattach, 1, make([]byte, 13)...)),
}

// opened returns the steps that attach and open a file as fid 1.
func opened(names ...string) []step {
	return append(append([]step(nil), anAttach...),
		asked(wire.AppendWalk(nil, 1, 0, 1, names...)), answered(done(wire.Twalk, 1, qids(len(names))...)),
		asked(wire.AppendOpen(nil, 1, 1, 2)), answered(done(wire.Tlopen, 1, make([]byte, 17)...)))
}

// play feeds the steps to a conversation and returns the output without times.
func play(t *testing.T, asJSON bool, r *Recorder, steps ...step) string {
	t.Helper()
	q := NewQueue()
	c := newConversation(1, q, r)
	for _, s := range steps {
		c.examine(s.bytes, s.server)
	}
	c.end()
	q.Close()
	var out bytes.Buffer
	require.NoError(t, Printer{Out: &out, JSON: asJSON}.Print(q))
	text := regexp.MustCompile(`(?m)^[0-9:.]{15} 1 `).ReplaceAllString(out.String(), "")
	text = regexp.MustCompile(` [0-9.]+us\n`).ReplaceAllString(text, "\n")
	return strings.TrimSuffix(text, "-- closed\n")
}

func TestLines(t *testing.T) {
	for _, test := range []struct {
		name  string
		steps []step
		want  string // the last lines
	}{
		{"attach", anAttach, `
-> Tattach tag 1 fid 0 / afid ~0 uname "" aname "" n_uname 7
<- Rattach tag 1 qid (00 0 0) (Tattach)`},
		{"attach of a door", []step{asked(wire.AppendAttach(nil, 1, 5, "/each", 7))}, `
-> Tattach tag 1 fid 5 /each afid ~0 uname "" aname "/each" n_uname 7`},
		{"open", opened("full_ex"), `
-> Tlopen tag 1 fid 1 /full_ex flags 2
<- Rlopen tag 1 qid (00 0 0) iounit 0 (Tlopen fid 1 /full_ex)`},
		{"pipelined from the walk to the clunk", append(append([]step(nil), anAttach...),
			asked(wire.AppendWalk(nil, 1, 0, 3, "pid", "9"), wire.AppendWalk(nil, 2, 3, 4, "full_ex"),
				wire.AppendOpen(nil, 3, 4, 2), wire.AppendRead(nil, 4, 4, 0, 4), wire.AppendFID(nil, wire.Tclunk, 5, 4)),
			answered(done(wire.Twalk, 1, qids(2)...), done(wire.Twalk, 2, qids(1)...)),
			answered(errno(3, 13), errno(4, 9), done(wire.Tclunk, 5))), `
-> Twalk tag 1 fid 0 / newfid 3 /pid/9 names ["pid" "9"]
-> Twalk tag 2 fid 3 /pid/9 newfid 4 /pid/9/full_ex names ["full_ex"]
-> Tlopen tag 3 fid 4 /pid/9/full_ex flags 2
-> Tread tag 4 fid 4 /pid/9/full_ex offset 0 count 4
-> Tclunk tag 5 fid 4 /pid/9/full_ex
<- Rwalk tag 1 qids [(00 0 0) (00 0 0)] (Twalk fid 0 /)
<- Rwalk tag 2 qids [(00 0 0)] (Twalk fid 3 /pid/9)
<- Rlerror tag 3 errno 13 EACCES (Tlopen fid 4 /pid/9/full_ex)
<- Rlerror tag 4 errno 9 EBADF (Tread fid 4 /pid/9/full_ex)
<- Rclunk tag 5 (Tclunk fid 4 /pid/9/full_ex)`},
		{"a walk that ends early makes no fid", append(append([]step(nil), anAttach...),
			asked(wire.AppendWalk(nil, 1, 0, 3, "each", "nosuch")), answered(done(wire.Twalk, 1, qids(1)...)),
			asked(wire.AppendOpen(nil, 1, 3, 2))), `
-> Tlopen tag 1 fid 3 flags 2`},
		{"a refused walk leaves the fid as it was", append(opened("full_ex"),
			asked(wire.AppendWalk(nil, 2, 0, 1, "kmsg")), answered(errno(2, 22)),
			asked(wire.AppendRead(nil, 2, 1, 0, 4))), `
-> Tread tag 2 fid 1 /full_ex offset 0 count 4`},
		{"a flushed walk makes no fid", append(append([]step(nil), anAttach...),
			asked(wire.AppendWalk(nil, 1, 0, 3, "each")), asked(frameOf(wire.Tflush, 2, 1, 0)), answered(done(wire.Tflush, 2)),
			asked(wire.AppendOpen(nil, 1, 3, 2))), `
-> Tflush tag 2 oldtag 1
<- Rflush tag 2 (Tflush)
-> Tlopen tag 1 fid 3 flags 2`},
		{"a clunked fid has no path", append(opened("full_ex"),
			asked(wire.AppendFID(nil, wire.Tclunk, 1, 1)), answered(errno(1, 5)), asked(wire.AppendRead(nil, 1, 1, 0, 4))), `
-> Tread tag 1 fid 1 offset 0 count 4`},
		{"a version ends all fids", append(opened("full_ex"),
			asked(wire.AppendVersion(nil, wire.Tversion, wire.NoTag, 8192, wire.Version9P2000L)), answered(done(wire.Tversion, 0xffff, 0, 32, 0, 0, 0, 0)),
			asked(wire.AppendRead(nil, 1, 1, 0, 4))), `
-> Tread tag 1 fid 1 offset 0 count 4`},
		{"unknown and malformed messages", []step{
			asked(frameOf(200, 3, 1, 2), frameOf(wire.Tread, 4, 9), frameOf(wire.Twrite, 5)),
			answered(frameOf(201, 3), errno(4, 22), errno(77, 5))}, `
-> type 200 tag 3, 2 bytes
-> Tread tag 4 malformed: 09
-> Twrite tag 5 malformed: 
<- type 201 tag 3, 0 bytes (type 200)
<- Rlerror tag 4 errno 22 EINVAL (Tread)
<- Rlerror tag 77 errno 5 EIO (no such request)`},
		{"not 9P", []step{asked([]byte("GET / HTTP/1.1\r\n\r\n")), asked([]byte("\x01\x00\x00\x00more")), answered([]byte("\x00\x00\x00\x00\x00\x00\x00"))}, `
-- not 9P: the server sent a size below 7; its bytes from there on are passed on but not shown`},
		{"names cannot forge lines", append(append([]step(nil), anAttach...),
			asked(wire.AppendWalk(nil, 1, 0, 3, "a\n\x1b[2J"))), `
-> Twalk tag 1 fid 0 / newfid 3 "/a\n\x1b[2J" names ["a\n\x1b[2J"]`},
		{"a large message", append(opened("full_ex"), asked(wire.AppendWrite(nil, 1, 1, 0, make([]byte, 200_000))[:100_000]),
			asked(make([]byte, 100_000+23))), `
-> Twrite tag 1, 200023 bytes`},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := play(t, false, nil, test.steps...)
			want := strings.TrimPrefix(test.want, "\n") + "\n"
			assert.True(t, strings.HasSuffix(got, want), "got\n%s\nwant\n%s", got, want)
		})
	}
}

// FuzzConversation feeds arbitrary bytes of both sides to a conversation. Nothing may panic,
// and each message must become a line.
func FuzzConversation(f *testing.F) {
	f.Add(true, opened("full_ex")[0].bytes, []byte{1})
	var requests, replies []byte
	for _, s := range opened("each", "full_ex") {
		if s.server {
			replies = append(replies, s.bytes...)
		} else {
			requests = append(requests, s.bytes...)
		}
	}
	requests = append(requests, wire.AppendWrite(nil, 1, 1, 0, []byte{5})...)
	requests = append(requests, frameOf(wire.Tlcreate, 2, 1, 0, 0, 0, 1, 0, 'x', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)...)
	requests = append(requests, frameOf(wire.Txattrwalk, 2, 1, 0, 0, 0, 9, 0, 0, 0, 0, 0)...)
	requests = append(requests, frameOf(wire.Tflush, 3, 2, 0)...)
	f.Add(false, requests, replies)
	f.Add(true, requests, append(replies, frameOf(wire.Tflush+1, 3)...))
	f.Fuzz(func(t *testing.T, asJSON bool, requests, replies []byte) {
		r, err := NewRecorder(filepath.Join(t.TempDir(), "f"))
		require.NoError(t, err)
		q := NewQueue()
		c := newConversation(1, q, r)
		messages := 0
		count := func(wire.Frame, uint32) { messages++ }
		new(framer).cut(requests, count)
		new(framer).cut(replies, count)
		for len(requests)+len(replies) > 0 {
			n := min(40, len(requests))
			c.requested(requests[:n])
			requests = requests[n:]
			n = min(40, len(replies))
			c.replied(replies[:n])
			replies = replies[n:]
		}
		c.end()
		q.Close()
		var out bytes.Buffer
		require.NoError(t, Printer{Out: &out, JSON: asJSON}.Print(q))
		require.GreaterOrEqual(t, bytes.Count(out.Bytes(), []byte("\n")), messages+1)
		require.LessOrEqual(t, bytes.Count(out.Bytes(), []byte("\n")), messages+3)
		if err := r.Close(); !errors.Is(err, errTooLarge) {
			require.NoError(t, err)
		}
	})
}

func TestJSONLinesAreObjects(t *testing.T) {
	text := play(t, true, nil, append(opened("full_ex"),
		asked(wire.AppendWrite(nil, 1, 1, 0, le.AppendUint32(nil, 2)), frameOf(200, 2, 0xab), wire.AppendWalk(nil, 3, 0, 3, "\xff\n")),
		answered(errno(1, 13)))...)
	var lines []line
	for text := range strings.Lines(text) {
		var l line
		require.NoError(t, json.Unmarshal([]byte(text), &l), text)
		lines = append(lines, l)
	}
	push, unknown, walk, refused := lines[6], lines[7], lines[8], lines[9]
	assert.Equal(t, "Twrite", push.Message)
	assert.Equal(t, map[string]any{"fid": 1.0, "offset": 0.0, "data": "02000000"}, push.Fields)
	assert.Equal(t, "/full_ex", push.Path)
	assert.Equal(t, "client", push.From)
	assert.Equal(t, "type 200", unknown.Message)
	assert.Equal(t, "ab", unknown.Body)
	assert.Equal(t, "Twalk", walk.Message)
	assert.Equal(t, "EACCES", refused.Errno)
	assert.Equal(t, "Twrite", refused.Request)
	assert.Equal(t, "server", refused.From)
	assert.NotNil(t, refused.TookNS)
	assert.Equal(t, "closed", lines[len(lines)-1].Event)
}

func TestRecord(t *testing.T) {
	wrote := func(tag uint16, n byte) []byte { return done(wire.Twrite, tag, n, 0, 0, 0) }
	popped := func(tag uint16, value byte) []byte { return done(wire.Tread, tag, 4, 0, 0, 0, value, 0, 0, 0) }
	again := func(result []byte) []step {
		return []step{
			asked(wire.AppendWalk(nil, 8, 0, 8, "full_ex")), answered(done(wire.Twalk, 8, qids(1)...)),
			asked(wire.AppendOpen(nil, 8, 8, 2)), answered(result),
		}
	}
	for _, test := range []struct {
		name  string
		steps []step
		want  string
	}{
		{"calls and refusals", append(opened("full_ex"),
			asked(wire.AppendWrite(nil, 1, 1, 0, []byte{5}), wire.AppendWrite(nil, 2, 1, 0, le.AppendUint32(nil, 2)), wire.AppendRead(nil, 3, 1, 0, 4), wire.AppendRead(nil, 4, 1, 0, 4), wire.AppendWrite(nil, 5, 1, 0, nil)),
			answered(wrote(1, 1), wrote(2, 4), popped(3, 2), errno(4, 13), errno(5, 22)),
			asked(wire.AppendFID(nil, wire.Tclunk, 1, 1)), answered(done(wire.Tclunk, 1))),
			"open -> ok\nwrite 05 -> 1\nwrite 02000000 -> 4\nread 4 -> 4 02000000\nread 4 -> EACCES\nwrite  -> EINVAL\nclose -> ok\n"},
		{"closed by the end of the connection", opened("each", "full_ex"), "open -> ok\nclose -> ok\n"},
		{"closed by a version", append(opened("full_ex"),
			asked(wire.AppendVersion(nil, wire.Tversion, wire.NoTag, 8192, wire.Version9P2000L)), answered(done(wire.Tversion, 0xffff, 0, 32, 0, 0, 0, 0)),
			asked(wire.AppendRead(nil, 1, 1, 0, 4)), answered(errno(1, 9))), "open -> ok\nclose -> ok\n"},
		{"a second open", append(opened("full_ex"), again(errno(8, 13))...), "open -> ok\nopen again -> EACCES\nclose -> ok\n"},
		{"a refused open", append(append([]step(nil), anAttach...), again(errno(8, 24))...), "open -> EMFILE\n"},
		{"two sessions of one user", append(append(opened("full_ex"), again(done(wire.Tlopen, 8, make([]byte, 17)...))...),
			asked(wire.AppendWrite(nil, 1, 1, 0, []byte{1}), wire.AppendWrite(nil, 2, 8, 0, []byte{2})), answered(wrote(1, 1), wrote(2, 1)),
			asked(wire.AppendFID(nil, wire.Tclunk, 1, 8), wire.AppendFID(nil, wire.Tclunk, 2, 1)), answered(done(wire.Tclunk, 1), done(wire.Tclunk, 2))),
			"open -> ok\nwrite 02 -> 1\nclose -> ok\nopen -> ok\nwrite 01 -> 1\nclose -> ok\n"},
		{"the rest of a short read", append(opened("full_ex"), asked(wire.AppendRead(nil, 1, 1, 0, 4), wire.AppendRead(nil, 2, 1, 0, 4)),
			answered(popped(1, 9), done(wire.Tread, 2, 0, 0, 0, 0))), "open -> ok\nread 4 -> 4 09000000\nclose -> ok\n"},
		{"other files", append(opened("kmsg"), asked(wire.AppendRead(nil, 1, 1, 0, 4)), answered(popped(1, 9))), ""},
		{"unanswered", append(opened("full_ex"), asked(wire.AppendRead(nil, 1, 1, 0, 4))), "open -> ok\nclose -> ok\n"},
		{"a fid that is used before the reply to its walk", append(append([]step(nil), anAttach...),
			asked(wire.AppendWalk(nil, 1, 0, 1, "full_ex"), wire.AppendOpen(nil, 2, 1, 2), wire.AppendWrite(nil, 3, 1, 0, []byte{9})),
			answered(done(wire.Twalk, 1, qids(1)...), done(wire.Tlopen, 2, make([]byte, 17)...), wrote(3, 1))),
			"open -> ok\nwrite 09 -> 1\nclose -> ok\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "f")
			r, err := NewRecorder(path)
			require.NoError(t, err)
			play(t, false, r, test.steps...)
			require.NoError(t, r.Close())
			got, err := os.ReadFile(path)
			require.NoError(t, err)
			assert.Equal(t, test.want, string(got))
		})
	}
}

// TestALongSessionIsWrittenWhole records more lines than are kept in memory.
func TestALongSessionIsWrittenWhole(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	r, err := NewRecorder(path)
	require.NoError(t, err)
	steps := opened("full_ex")
	var want strings.Builder
	want.WriteString("open -> ok\n")
	for i := range byte(100) {
		data := bytes.Repeat([]byte{i}, 5_000)
		steps = append(steps, asked(wire.AppendWrite(nil, 1, 1, 0, data)), answered(errno(1, 22)))
		fmt.Fprintf(&want, "write %x -> EINVAL\n", data)
	}
	play(t, false, r, steps...)
	require.NoError(t, r.Close())
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.True(t, want.String()+"close -> ok\n" == string(got), "lengths %d, %d", want.Len(), len(got))
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, left, 1)
}

func TestAnIncompleteRecordIsAnError(t *testing.T) {
	r, err := NewRecorder("/dev/full")
	if err != nil {
		t.Skip("no /dev/full: ", err)
	}
	play(t, false, r, opened("full_ex")...)
	assert.ErrorContains(t, r.Close(), "no space left on device")
}
