package wire

import (
	"bufio"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// peer returns the reply to each request: "" for none, "close" to end the connection, or
// several replies separated by semicolons.
type peer func(request string) string

func (p peer) serve(c net.Conn) {
	defer func() { _ = c.Close() }() // nothing is left to lose
	in := bufio.NewReader(c)
	for {
		frame, err := ReadFrame(in)
		if err != nil {
			return
		}
		text, tag := Decode(frame)
		for reply := range strings.SplitSeq(p(text), ";") {
			if reply == "" {
				continue
			}
			out, err := Encode(reply, tag)
			if err != nil { // "close", or a mistake
				return
			}
			if _, err := c.Write(out); err != nil {
				return
			}
		}
	}
}

func (p peer) dial() (net.Conn, error) {
	client, server := net.Pipe()
	go p.serve(server)
	return client, nil
}

// honest answers the messages of these tests as a server would.
func honest(request string) string {
	switch name, _, _ := strings.Cut(request, " "); name {
	case "Tversion":
		return "Rversion 8192 9P2000.L"
	case "Tflush":
		return "Rflush"
	case "Tclunk":
		return "Rclunk"
	case "Tread":
		return "Rread int:5"
	case "Tauth":
		return "close"
	}
	return "Rlerror EOPNOTSUPP"
}

func play(t *testing.T, p peer, way Way, lines string) error {
	t.Helper()
	cases, err := ParseTranscript("t.txt", strings.NewReader("== case\n"+lines))
	require.NoError(t, err)
	require.Len(t, cases, 1)
	return cases[0].Play(p.dial, way)
}

func TestCasesThatAreFollowed(t *testing.T) {
	for _, way := range []Way{{}, {Piece: 1}, {Piece: 3}, {Pipelined: true}} {
		for _, lines := range []string{
			"",
			"> Tversion 65536 9P2000.L\n< Rversion 8192 9P2000.L\n> Tread 1 0 4\n< Rread int:5",
			"> Tclunk 1\n> Tread 1 0 4\n< Rclunk\n< Rread *",
			"> @9 Tclunk 1\n> @9 Tclunk 2\n< @9 Rclunk\n< @9 Rclunk",
			"> raw 0b0000007803000100 0000\n< @3 Rclunk",
			"> Tauth 0 a b 0\n< closed",
			"> raw 0b00\n> close",
			"a> Tclunk 1\na< Rclunk\nb> Tclunk 1\nb< Rclunk\na> close\nb> Tclunk 2\nb< Rclunk",
		} {
			assert.NoError(t, play(t, honest, way, lines), "%+v: %s", way, lines)
		}
	}
}

func TestCasesThatAreNotFollowed(t *testing.T) {
	extra := func(request string) string {
		if strings.HasPrefix(request, "Tclunk") {
			return "Rclunk;Rclunk"
		}
		return honest(request)
	}
	silent := func(request string) string {
		if strings.HasPrefix(request, "Tclunk") {
			return ""
		}
		return honest(request)
	}
	large := func(request string) string {
		if strings.HasPrefix(request, "Tread") {
			return "Rread repeat:8192:x"
		}
		return honest(request)
	}
	for _, test := range []struct {
		peer        peer
		lines, want string
	}{
		{honest, "> Tclunk 1\n< Rlerror EBADF", `t.txt:3: got "Rclunk", want "Rlerror EBADF"`},
		{honest, "> @4 Tclunk 1\n< @5 Rclunk", "t.txt:3: a reply with tag 4 to the requests with tags [4]"},
		{honest, "> Tauth 0 a b 0\n< Rclunk", `t.txt:3: connection closed, want "Rclunk"`},
		{honest, "> Tclunk 1\n< closed", `t.txt:3: got "Rclunk", want the connection to be closed`},
		{honest, "> Tclunk 1", `t.txt:2: after this line: one reply too many: "Rclunk"`},
		{extra, "> Tclunk 1\n< Rclunk", `t.txt:3: after this line: one reply too many: "Rclunk"`},
		{silent, "> Tclunk 1", "t.txt:2: after this line: no reply to the requests with tags [1]"},
		{honest, "> close\n> Tclunk 1", "t.txt:3: the connection is closed"},
		{large, "> Tversion 8192 9P2000.L\n< Rversion * *\n> Tread 1 0 4\n< Rread *",
			`t.txt:5: a frame of 8203 bytes, the msize is 8192`},
	} {
		assert.ErrorContains(t, play(t, test.peer, Way{}, test.lines), test.want)
	}
}

func TestTalkAndAsk(t *testing.T) {
	raw, err := peer(honest).dial()
	require.NoError(t, err)
	c := NewConn(raw)
	defer func() { assert.NoError(t, c.Close()) }()
	require.NoError(t, c.Talk("> Tread 1 0 4\n< Rread *\n> Tclunk 1\n< Rclunk"))
	assert.ErrorContains(t, c.Talk("> Tread 1 0 4\n< Rclunk"), `line 2: got "Rread hex:05000000"`)
	c.open = nil
	text, err := c.Ask("@8 Tclunk 3")
	require.NoError(t, err)
	assert.Equal(t, "Rclunk", text)
	require.NoError(t, c.Send("Tclunk 1", "Tread 1 0 4"))
	for _, want := range []string{"Rclunk", "Rread hex:05000000"} {
		frame, err := c.Receive()
		require.NoError(t, err)
		text, _ := Decode(frame)
		assert.Equal(t, want, text)
	}
}

func TestMissingReplyIsAnError(t *testing.T) {
	raw, err := peer(func(string) string { return "" }).dial()
	require.NoError(t, err)
	c := NewConn(raw)
	defer func() { assert.NoError(t, c.Close()) }()
	c.Patience = 10 * time.Millisecond
	_, err = c.Ask("Tclunk 1")
	assert.ErrorIs(t, err, ErrNoReply)
}

func TestPieces(t *testing.T) {
	whole := make([]byte, 4000)
	for i := range whole {
		whole[i] = byte(i)
	}
	for _, test := range []struct{ length, size, parts int }{
		{0, 1, 1}, {1, 1, 1}, {9, 0, 1}, {9, 9, 1}, {9, 4, 3}, {512, 1, 512}, {513, 1, 513}, {4000, 1, 513}, {4000, 1000, 4},
	} {
		var joined []byte
		parts := pieces(whole[:test.length], test.size)
		for _, part := range parts {
			joined = append(joined, part...)
		}
		assert.Len(t, parts, test.parts, "%+v", test)
		assert.Equal(t, string(whole[:test.length]), string(joined))
	}
}
