package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/p9srv/endpoint"
	"fullex/p9srv/wire"
)

// startTrace starts trace in front of a server, and returns the endpoint of trace.
func startTrace(t *testing.T, server string, flags ...string) (at string, c *startedCommand) {
	t.Helper()
	at = "unix:" + filepath.Join(t.TempDir(), "p")
	args := append([]string{"trace", "--listen", at}, flags...)
	return at, startFullex(t, append(args, server)...)
}

func traces(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob("../../tests/testdata/oracle/full_ex-*.trace")
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	return paths
}

// TestARecordedTraceIsEqualWhenReplayed replays the traces of the kernel module through trace.
// It compares the record of trace with them, and replays the record.
func TestARecordedTraceIsEqualWhenReplayed(t *testing.T) {
	server, _ := serveHere(t)
	record := filepath.Join(t.TempDir(), "record")
	at, tr := startTrace(t, server, "--oracle", record)
	var want []byte
	for _, path := range traces(t) {
		_, _, err := run("", "replay", path, at)
		require.NoError(t, err)
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		want = append(want, text...)
	}
	require.NoError(t, tr.end(syscall.SIGTERM))
	got, err := os.ReadFile(record)
	require.NoError(t, err)
	// A message may ask for fewer bytes than the program.
	want = regexp.MustCompile(`(?m)^read \d+ `).ReplaceAllFunc(want, func(read []byte) []byte {
		var count int
		_, err := fmt.Sscanf(string(read), "read %d ", &count)
		assert.NoError(t, err)
		return fmt.Appendf(nil, "read %d ", min(count, 64<<10-24))
	})
	assert.Equal(t, strings.Split(string(want), "\n"), strings.Split(string(got), "\n"))

	for _, file := range []string{"full_ex", "pid/7/full_ex"} {
		out, _, err := run("", "replay", "--file", file, record, server)
		require.NoError(t, err)
		assert.Regexp(t, `: 3783 calls, all results are equal\n$`, out)
	}
	assert.Contains(t, tr.stdout.text.String(), "-> Twrite tag 1 fid 2 /full_ex offset 0 data 1 [58]\n")
}

// TestRepliesAreTheSameAsWithoutTrace sends many requests in pieces that begin anywhere.
func TestRepliesAreTheSameAsWithoutTrace(t *testing.T) {
	server, _ := serveHere(t)
	at, tr := startTrace(t, server)
	requests := wire.AppendVersion(nil, wire.Tversion, wire.NoTag, 65536, wire.Version9P2000L)
	requests = wire.AppendAttach(requests, 1, 0, "", uint32(os.Geteuid()))
	requests = wire.AppendWalk(requests, 2, 0, 1, "each", "full_ex")
	requests = wire.AppendOpen(requests, 3, 1, 2)
	requests = wire.AppendWrite(requests, 4, 1, 0, []byte{100})
	random := rand.New(rand.NewPCG(1, 1))
	for tag := range uint16(2000) {
		switch random.IntN(5) {
		case 0:
			requests = wire.AppendRead(requests, tag, 1, 0, 4)
		case 1:
			requests = append(requests, 9, 0, 0, 0, 108, byte(tag), byte(tag>>8), 1, 0) // Tflush
		case 2:
			requests = wire.AppendWrite(requests, tag, 1, 0, make([]byte, random.IntN(60_000)))
		case 3:
			requests = append(requests, 9, 0, 0, 0, byte(random.IntN(100)), byte(tag), byte(tag>>8), 1, 0)
		default:
			requests = wire.AppendWrite(requests, tag, 1, 0, binary.LittleEndian.AppendUint32(nil, random.Uint32()))
		}
	}
	direct := exchange(t, server, requests, func() int { return len(requests) })
	for range 3 {
		traced := exchange(t, at, requests, func() int { return 1 + random.IntN(100_000) })
		assert.True(t, bytes.Equal(direct, traced), "%d bytes, directly %d", len(traced), len(direct))
	}
	require.NoError(t, tr.end(syscall.SIGTERM))
	assert.Greater(t, len(direct), 2000*7)
}

// exchange sends a stream in pieces and returns all that comes back. next returns the size of
// the next piece.
func exchange(t *testing.T, endpoint string, stream []byte, next func() int) []byte {
	t.Helper()
	c, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: strings.TrimPrefix(endpoint, "unix:"), Net: "unix"})
	require.NoError(t, err)
	defer func() { require.NoError(t, c.Close()) }()
	require.NoError(t, c.SetDeadline(time.Now().Add(time.Minute)))
	sent := make(chan error, 1)
	go func() {
		for len(stream) > 0 {
			n := min(next(), len(stream))
			if _, err := c.Write(stream[:n]); err != nil {
				sent <- err
				return
			}
			stream = stream[n:]
		}
		sent <- c.CloseWrite()
	}()
	got, err := io.ReadAll(c)
	require.NoError(t, err)
	require.NoError(t, <-sent)
	return got
}

func TestTracePrintsJSON(t *testing.T) {
	server, _ := serveHere(t)
	at, tr := startTrace(t, server, "--format", "json")
	_, _, err := run("open\ninit 3\npush 7\npop", "shell", at)
	require.NoError(t, err)
	require.NoError(t, tr.end(syscall.SIGTERM))
	messages := 0
	for text := range strings.Lines(tr.stdout.text.String()) {
		var l map[string]any
		require.NoError(t, json.Unmarshal([]byte(text), &l), text)
		if l["message"] == "Twrite" {
			messages++
			assert.Equal(t, "/full_ex", l["path"])
		}
	}
	assert.Equal(t, 2, messages)
}

func TestTraceEndsClientsWithTheServer(t *testing.T) {
	server, srv := serveHere(t)
	at, tr := startTrace(t, server)
	c, err := net.Dial("unix", strings.TrimPrefix(at, "unix:"))
	require.NoError(t, err)
	defer func() { require.NoError(t, c.Close()) }()
	require.NoError(t, c.SetDeadline(time.Now().Add(20*time.Second)))
	_, err = c.Write([]byte("\x15\x00\x00\x00\x64\xff\xff\x00\x20\x00\x00\x08\x009P2000.L"))
	require.NoError(t, err)
	_, err = io.ReadFull(c, make([]byte, 21))
	require.NoError(t, err)
	require.NoError(t, srv.Close())
	_, err = c.Read(make([]byte, 1))
	assert.ErrorIs(t, err, io.EOF)
	require.NoError(t, tr.end(syscall.SIGTERM))
	assert.Contains(t, tr.stdout.text.String(), `<- Rversion tag 65535 msize 8192 version "9P2000.L" (Tversion)`)
}

// TestTraceGoesOnWhenNobodyReadsItsOutput ends trace by a signal.
func TestTraceGoesOnWhenNobodyReadsItsOutput(t *testing.T) {
	server, _ := serveHere(t)
	r, w, err := os.Pipe()
	require.NoError(t, err)
	defer func() { require.NoError(t, r.Close()) }()
	endpoint := "unix:" + filepath.Join(t.TempDir(), "p")
	c := newStartedCommand(command(t, "trace", "--listen", endpoint, server))
	c.cmd.Stdout = w
	_, err = c.start()
	require.NoError(t, err)
	script := "open\ninit 1\n" + strings.Repeat("push 1\npop\n", 2000)
	_, _, err = run(script, "shell", endpoint)
	require.NoError(t, err)
	require.NoError(t, c.end(syscall.SIGTERM))
	require.NoError(t, w.Close())
}

func TestSignalsEndTraceAndItsConnections(t *testing.T) {
	server, _ := serveHere(t)
	for _, signal := range []os.Signal{syscall.SIGINT, syscall.SIGTERM} {
		at, tr := startTrace(t, server)
		path := strings.TrimPrefix(at, "unix:")
		c, err := net.Dial("unix", path)
		require.NoError(t, err)
		require.NoError(t, c.SetDeadline(time.Now().Add(20*time.Second)))
		require.NoError(t, tr.end(signal))
		_, err = c.Read(make([]byte, 1))
		assert.Error(t, err)
		assert.NotErrorIs(t, err, os.ErrDeadlineExceeded)
		assert.NoFileExists(t, path)
		require.NoError(t, c.Close())
	}
}

// TestInheritedTargetServesOneClient because its number can be that of another file later.
func TestInheritedTargetServesOneClient(t *testing.T) {
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	require.NoError(t, err)
	target, err := endpoint.Parse("fd:" + strconv.Itoa(pair[0]))
	require.NoError(t, err)
	dial, err := traceConfig{target: target}.tryTarget(t.Context())
	require.NoError(t, err)
	conn, err := dial(t.Context())
	require.NoError(t, err)
	_, err = dial(t.Context())
	assert.ErrorContains(t, err, "is in use or has ended")
	require.NoError(t, errors.Join(conn.Close(), syscall.Close(pair[1])))
}
