package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestContentOfOrdinaryFilesIsKept gives commands that write to a device what is none,
// directly and behind a link.
func TestContentOfOrdinaryFilesIsKept(t *testing.T) {
	const content = "content"
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, []byte(content), 0o600))
	for _, name := range []string{"full_ex", "minimal_proc_lkm", "ctl"} {
		require.NoError(t, os.Symlink(file, filepath.Join(dir, name)))
	}
	trace := traces(t)[0]
	for _, test := range []struct {
		stdin string
		args  []string
	}{
		{"", []string{"check", file}},
		{"", []string{"check", dir}},
		{"", []string{"bench", "--duration", "1ms", file}},
		{"", []string{"bench", "--duration", "1ms", dir}},
		{"", []string{"replay", trace, file}},
		{"", []string{"replay", trace, dir}},
		{"open\ninit 3\n", []string{"shell", file}},
		{"open\ninit 3\n", []string{"shell", dir}},
		{"", []string{"write", dir, "minimal_proc_lkm", "x"}},
		{"", []string{"rmmod", dir, "full_ex"}},
	} {
		out, errs, err := run(test.stdin, test.args...)
		require.Error(t, err, test.args)
		assert.Contains(t, out+errs+err.Error(), "is no device but an ordinary file of 7 bytes", test.args)
		got, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.Equal(t, content, string(got), test.args)
	}
}
