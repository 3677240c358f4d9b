package logs

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const patience = 10 * time.Second

func missing(lines int) string { return fmt.Sprintf("%d missing\n", lines) }

func TestLinesArriveInTheirOrder(t *testing.T) {
	var out bytes.Buffer
	var want strings.Builder
	w := New(&out, missing)
	for i := range 10_000 {
		line := fmt.Sprintf("%d%s\n", i, strings.Repeat(".", i%100))
		want.WriteString(line)
		n, err := io.WriteString(w, line)
		require.NoError(t, err)
		require.Len(t, line, n)
	}
	w.Close(patience)
	assert.Equal(t, want.String(), out.String())
	_, err := io.WriteString(w, "late\n")
	require.NoError(t, err)
	assert.Equal(t, want.String(), out.String(), "a line after the end is dropped")
}

func TestPiecesAreWholeLines(t *testing.T) {
	long := strings.Repeat("x", 2*pieceSize) + "\n"
	for _, test := range []struct{ lines, want string }{
		{"a\nb\n", "a\nb\n"},
		{strings.Repeat("abc\n", pieceSize), strings.Repeat("abc\n", pieceSize/4)},
		{long + "b\n", long},
		{"a\n" + long, "a\n"},
	} {
		assert.Equal(t, test.want, string(firstLines([]byte(test.lines))))
	}
}

// TestReaderThatStopsLosesLinesAndReadsHowMany fills a pipe and the queue, and then reads.
func TestReaderThatStopsLosesLinesAndReadsHowMany(t *testing.T) {
	r, out, err := os.Pipe()
	require.NoError(t, err)
	w := New(out, missing)
	line := strings.Repeat("x", 99) + "\n"
	const lines = 3 * QueueSize / 100
	for range lines {
		_, err := io.WriteString(w, line)
		require.NoError(t, err)
	}
	read := make(chan string, 1)
	go func() {
		text, _ := io.ReadAll(r)
		read <- string(text)
	}()
	w.Close(patience)
	require.NoError(t, out.Close())
	text := <-read
	require.NoError(t, r.Close())
	assert.Equal(t, 1, strings.Count(text, "missing"))
	before, after, _ := strings.Cut(strings.ReplaceAll(text, line, "+"), " missing\n")
	kept := strings.TrimRight(before, "0123456789")
	assert.Equal(t, lines, len(kept)+len(after)+atoi(t, before[len(kept):]), "each line is there, or among the missing ones")
	assert.Empty(t, strings.Trim(kept+after, "+"))
}

func atoi(t *testing.T, digits string) (n int) {
	t.Helper()
	_, err := fmt.Sscan(digits, &n)
	require.NoError(t, err, digits)
	return n
}

// TestEndDoesNotWaitForAReaderThatStopped tries a write that waits in the kernel and one
// that gives EAGAIN.
func TestEndDoesNotWaitForAReaderThatStopped(t *testing.T) {
	for _, nonblocking := range []bool{false, true} {
		r, out := blockingPipe(t, nonblocking)
		w := New(out, missing)
		_, err := w.Write(bytes.Repeat([]byte("line\n"), QueueSize/10))
		require.NoError(t, err)
		start := time.Now()
		w.Close(50 * time.Millisecond)
		assert.Less(t, time.Since(start), patience)
		require.NoError(t, r.Close()) // ends the write
		<-w.done
	}
}

// blockingPipe returns a pipe whose writes block their thread. If nonblocking, they give
// EAGAIN: a process that shares an output can make it so.
func blockingPipe(t *testing.T, nonblocking bool) (r, w *os.File) {
	t.Helper()
	var fds [2]int
	require.NoError(t, syscall.Pipe(fds[:]))
	r, w = os.NewFile(uintptr(fds[0]), "read end"), os.NewFile(uintptr(fds[1]), "write end")
	require.NoError(t, syscall.SetNonblock(fds[1], nonblocking))
	t.Cleanup(func() {
		_ = r.Close() // some tests have closed it already
		require.NoError(t, w.Close())
	})
	return r, w
}

// TestNonblockingOutputGetsAllLines reads the lines after they are written to the queue.
func TestNonblockingOutputGetsAllLines(t *testing.T) {
	r, out := blockingPipe(t, true)
	w := New(out, missing)
	text := strings.Repeat("a line\n", 30_000)
	_, err := io.WriteString(w, text)
	require.NoError(t, err)
	got := make([]byte, len(text))
	_, err = io.ReadFull(r, got)
	require.NoError(t, err)
	assert.Equal(t, text, string(got))
	w.Close(patience)
}

func TestWriterSurvivesTheEndOfItsReader(t *testing.T) {
	r, out := blockingPipe(t, false)
	require.NoError(t, r.Close())
	w := New(out, missing)
	for range 1000 {
		_, err := io.WriteString(w, "line\n")
		require.NoError(t, err)
	}
	w.Close(patience)
}

// flaky is a writer that fails until works is set.
type flaky struct {
	mu    sync.Mutex
	works bool
	text  bytes.Buffer
	tried chan struct{}
}

func (f *flaky) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	select {
	case f.tried <- struct{}{}:
	default:
	}
	if !f.works {
		return 0, errors.New("no room on the disk")
	}
	return f.text.Write(p)
}

func TestLinesThatCouldNotBeWrittenAreCounted(t *testing.T) {
	out := &flaky{tried: make(chan struct{}, 1)}
	w := New(out, missing)
	_, err := io.WriteString(w, "one\ntwo\nthree\n")
	require.NoError(t, err)
	<-out.tried
	out.mu.Lock()
	out.works = true
	out.mu.Unlock()
	_, err = io.WriteString(w, "four\n")
	require.NoError(t, err)
	w.Close(patience)
	assert.Equal(t, "3 missing\nfour\n", out.text.String())
}
