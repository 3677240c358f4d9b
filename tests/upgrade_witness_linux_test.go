package tests

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/p9srv/client"
)

// witness is a client that sees whether a server is still the same.
type witness struct {
	t    testing.TB
	s    *upgradable
	root *client.File

	paths   map[string]uint64 // qid.path of each file
	device  *client.File      // open through the plain door, so that nobody else may open it
	values  []int32           // what its deque has, leftmost first
	ended   *client.File      // its session ended with its module
	texts   map[*client.File]string
	looks   int
	newest  float64 // time of the last line of kmsg, in seconds
	process string  // the name of the process, and more
}

// watch returns a witness of a server that nobody uses yet.
func watch(t testing.TB, s *upgradable) *witness {
	t.Helper()
	w := &witness{t: t, s: s, root: rootOf(t, connect(t, s.at[0])), texts: make(map[*client.File]string)}
	w.ended = openAt(t, w.root, "each/full_ex", syscall.O_RDWR)
	w.control("rmmod full_ex")
	w.control("insmod full_ex")
	w.device = openAt(t, w.root, "full_ex", syscall.O_RDWR)
	w.write([]byte{100})
	for i := range int32(50) {
		w.write(value(2 * i))
		w.values = append(w.values, 2*i)
	}
	for _, name := range []string{"kmsg", "sessions", "modules"} {
		f := openAt(t, w.root, name, syscall.O_RDONLY)
		w.texts[f] = w.readAll(f)
		require.NotEmpty(t, w.texts[f])
	}
	w.paths = w.inodes()
	w.process = w.name()
	return w
}

// look compares the server with what it was. It begins to read where it stopped.
func (w *witness) look() {
	w.t.Helper()
	w.looks++
	assert.Equal(w.t, w.paths, w.inodes())
	assert.Equal(w.t, w.process, w.name())
	_, err := w.root.OpenFile(w.t.Context(), syscall.O_RDWR, "full_ex")
	assert.ErrorIs(w.t, err, syscall.EACCES)
	_, err = w.ended.WriteAt(w.t.Context(), value(2), 0)
	assert.ErrorIs(w.t, err, syscall.EIO)
	w.pop()
	for f, text := range w.texts {
		from := min(len(text), 40*w.looks)
		got := w.readFrom(f, from)
		if strings.Contains(got, " lines dropped before they were read ]\n") {
			continue // the log has become full
		}
		assert.Equal(w.t, text[from:], got)
	}
	w.lookAtLog()
	assert.Contains(w.t, w.readPath("modules"), fmt.Sprintf("(generation %d)", w.s.generation))
}

// pop takes a value of the deque, or fills it again.
func (w *witness) pop() {
	w.t.Helper()
	if len(w.values) == 0 {
		w.write(value(7))
		w.values = []int32{7}
	}
	p := make([]byte, 4)
	n, err := w.device.ReadAt(w.t.Context(), p, 0)
	require.NoError(w.t, err)
	require.Equal(w.t, 4, n)
	assert.Equal(w.t, value(w.values[0]), p)
	w.values = w.values[1:]
}

func (w *witness) write(p []byte) {
	w.t.Helper()
	n, err := w.device.WriteAt(w.t.Context(), p, 0)
	require.NoError(w.t, err)
	require.Equal(w.t, len(p), n)
}

func (w *witness) control(text string) {
	w.t.Helper()
	f := openAt(w.t, w.root, "ctl", syscall.O_WRONLY)
	_, err := f.WriteAt(w.t.Context(), []byte(text), 0)
	require.NoError(w.t, err)
	require.NoError(w.t, f.Close(w.t.Context()))
}

// inodes returns qid.path of all files.
func (w *witness) inodes() map[string]uint64 {
	w.t.Helper()
	paths := make(map[string]uint64)
	for _, dir := range []string{"", "each", "pid/7"} {
		at, err := w.root.Walk(w.t.Context(), strings.FieldsFunc(dir, func(c rune) bool { return c == '/' })...)
		require.NoError(w.t, err)
		require.NoError(w.t, at.Open(w.t.Context(), syscall.O_RDONLY))
		entries, err := at.ReadDir(w.t.Context())
		require.NoError(w.t, err)
		require.NoError(w.t, at.Close(w.t.Context()))
		for _, e := range entries {
			paths[dir+"/"+e.Name] = e.QID.Path
		}
	}
	return paths
}

// name is what other programs of the machine know of the process.
func (w *witness) name() string {
	w.t.Helper()
	return fmt.Sprintf("%q %q %s", w.s.proc("comm"), w.s.proc("cmdline"), strings.Fields(w.s.proc("stat"))[21])
}

// lookAtLog wants times in kmsg that do not go back, but for lines that clients caused at
// the same time.
func (w *witness) lookAtLog() {
	w.t.Helper()
	const sameTime = 0.1 // seconds
	last := 0.0
	for line := range strings.Lines(w.readPath("kmsg")) {
		text, _, ok := strings.Cut(strings.TrimPrefix(line, "["), "] ")
		if !ok {
			continue // of lines that were dropped
		}
		at, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
		require.NoError(w.t, err)
		require.Greater(w.t, at, last-sameTime, line)
		last = max(at, last)
	}
	assert.Greater(w.t, last, w.newest)
	w.newest = last
}

func (w *witness) readPath(path string) string {
	w.t.Helper()
	f := openAt(w.t, w.root, path, syscall.O_RDONLY)
	text := w.readAll(f)
	require.NoError(w.t, f.Close(w.t.Context()))
	return text
}

func (w *witness) readAll(f *client.File) string {
	w.t.Helper()
	return w.readFrom(f, 0)
}

// readFrom reads from an offset to the end.
func (w *witness) readFrom(f *client.File, offset int) string {
	w.t.Helper()
	var all bytes.Buffer
	for p := make([]byte, 1000); ; {
		n, err := f.ReadAt(w.t.Context(), p, int64(offset+all.Len()))
		require.NoError(w.t, err)
		if n == 0 {
			return all.String()
		}
		all.Write(p[:n])
	}
}
