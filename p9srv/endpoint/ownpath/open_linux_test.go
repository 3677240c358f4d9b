package ownpath

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"fullex/tests/need"
)

func TestPathThatOthersCanChangeIsNotFixed(t *testing.T) {
	need.Root(t)
	base := t.TempDir()
	at := func(path string) string { return filepath.Join(base, path) }
	for path, mode := range map[string]os.FileMode{
		"own": 0o755, "own/sub": 0o700, "own/theirs": 0o755, "own/theirs/mine": 0o700,
		"open": 0o777, "open/mine": 0o700, "group": 0o775, "group/mine": 0o700,
		"sticky": 0o777 | os.ModeSticky, "sticky/mine": 0o700, "sticky/theirs": 0o700,
	} {
		require.NoError(t, os.MkdirAll(at(path), 0o700))
		require.NoError(t, os.Chmod(at(path), mode))
	}
	require.NoError(t, os.Chown(at("own/theirs"), need.Stranger, need.Stranger))
	require.NoError(t, os.Chown(at("sticky/theirs"), need.Stranger, need.Stranger))
	require.NoError(t, os.Symlink("own/sub", at("link")))
	require.NoError(t, os.Symlink(at("open/mine"), at("long")))
	for path, want := range map[string]struct{ fixed, keeps bool }{
		"own": {true, true}, "own/sub/.": {true, true}, "own/sub/..": {true, true}, "link": {true, true}, "link/..": {true, true},
		"own/theirs": {true, false}, "own/theirs/mine": {false, true},
		"open": {true, false}, "open/mine": {false, true}, "group": {true, false}, "group/mine": {false, true}, "long": {false, true},
		"sticky": {true, true}, "sticky/mine": {true, true}, "sticky/theirs": {false, false},
	} {
		dir, fixed, err := Open(base + "/" + path)
		require.NoError(t, err, path)
		assert.Equal(t, want.fixed, fixed, path)
		assert.Equal(t, want.keeps, Keeps(dir), path)
		opened, err := dir.Stat()
		require.NoError(t, err)
		named, err := os.Stat(base + "/" + path)
		require.NoError(t, err)
		assert.True(t, os.SameFile(opened, named), path)
		require.NoError(t, dir.Close())
	}
}

func TestRootFollowsNoLinksOfOthers(t *testing.T) {
	need.Root(t)
	base := t.TempDir()
	link := filepath.Join(base, "link")
	require.NoError(t, os.Symlink("/etc", link))
	require.NoError(t, os.Lchown(link, need.Stranger, need.Stranger))
	for _, path := range []string{link, link + "/.", base + "/./link/../etc"} {
		_, _, err := Open(path)
		assert.ErrorContains(t, err, "link is a link of user 65534", path)
	}
}

func TestOpenReturnsTheErrnoOfTheLookup(t *testing.T) {
	base := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(base, "file"), nil, 0o600))
	require.NoError(t, os.Symlink("loop", filepath.Join(base, "loop")))
	for path, want := range map[string]error{
		"nosuch/.": unix.ENOENT, "file": unix.ENOTDIR, "file/x": unix.ENOTDIR, "loop": unix.ELOOP,
		strings.Repeat("x", 300): unix.ENAMETOOLONG,
	} {
		_, _, err := Open(filepath.Join(base, path))
		assert.ErrorIs(t, err, want, path)
	}
}
