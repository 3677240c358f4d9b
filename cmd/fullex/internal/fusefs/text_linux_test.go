package fusefs

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// text is an open text file, its text, and what was sent of it.
type text struct {
	t    *testing.T
	fd   int
	want string
	got  []byte
}

// openText opens a text file and reads all of it. The read uses no pages.
func openText(t *testing.T, path string) *text {
	t.Helper()
	fd, err := syscall.Open(path, syscall.O_RDONLY, 0)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, syscall.Close(fd)) })
	p := make([]byte, 1<<20)
	n, err := syscall.Pread(fd, p, 0)
	require.NoError(t, err)
	require.NotZero(t, n)
	return &text{t: t, fd: fd, want: string(p[:n])}
}

// send sends the next bytes with sendfile, at most count.
func (x *text) send(count int) error {
	x.t.Helper()
	r, w, err := os.Pipe()
	require.NoError(x.t, err)
	n, err := syscall.Sendfile(int(w.Fd()), x.fd, nil, count)
	require.NoError(x.t, w.Close())
	if err == nil && n > 0 {
		p := make([]byte, n)
		_, readErr := r.Read(p)
		require.NoError(x.t, readErr)
		x.got = append(x.got, p...)
	}
	require.NoError(x.t, r.Close())
	return err
}

// sendAll sends the rest, and compares all that was sent with the text.
func (x *text) sendAll() {
	x.t.Helper()
	for before := -1; before < len(x.got); {
		before = len(x.got)
		require.NoError(x.t, x.send(4096))
	}
	assert.Equal(x.t, x.want, string(x.got))
}

// TestReadersOfDifferentTextsShareNoPages uses sendfile, which reads the kernel's pages.
func TestReadersOfDifferentTextsShareNoPages(t *testing.T) {
	dir, srv := mountHere(t, Config{})
	path := filepath.Join(dir, "kmsg")
	for i := range 200 {
		srv.Kernel.Log().Print("before the first " + strings.Repeat("x", i))
	}
	first := openText(t, path)
	require.NoError(t, first.send(5000))
	for range 1000 { // the log drops its first lines
		srv.Kernel.Log().Print("after the first " + strings.Repeat("y", 90))
	}
	second := openText(t, path)
	require.NotEqual(t, first.want, second.want)
	second.sendAll()
	srv.Kernel.Log().Print("after the second")
	third := openText(t, path)
	third.sendAll()
	require.NoError(t, second.send(100))
	assert.Equal(t, second.want, string(second.got), "the second text has ended")
}

// TestSendfileRefusesATextThatIsOpenTwice opens a text again by its descriptor. Both opens
// share the pages and have different texts.
func TestSendfileRefusesATextThatIsOpenTwice(t *testing.T) {
	dir, srv := mountHere(t, Config{})
	first := openText(t, filepath.Join(dir, "kmsg"))
	require.NoError(t, first.send(10))
	srv.Kernel.Log().Print("more")
	again := openText(t, "/proc/self/fd/"+strconv.Itoa(first.fd))
	assert.NotEqual(t, first.want, again.want)
	for _, x := range []*text{first, again} {
		assert.Contains(t, []error{syscall.EINVAL, syscall.EIO}, x.send(10))
	}
}

func TestSizesOfFiles(t *testing.T) {
	dir, _ := mountHere(t, Config{})
	for _, name := range []string{"kmsg", "modules", "sessions"} {
		x := openText(t, filepath.Join(dir, name))
		var st syscall.Stat_t
		require.NoError(t, syscall.Fstat(x.fd, &st))
		assert.EqualValues(t, len(x.want), st.Size, name)
		x.sendAll()
		end, err := syscall.Seek(x.fd, 0, 2)
		require.NoError(t, err)
		assert.EqualValues(t, len(x.want), end, name)
	}
	for _, name := range []string{"full_ex", "each/full_ex", "ctl"} {
		info, err := os.Stat(filepath.Join(dir, name))
		require.NoError(t, err)
		assert.Zero(t, info.Size(), name)
	}
}
