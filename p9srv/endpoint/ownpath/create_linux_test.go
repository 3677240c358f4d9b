package ownpath

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"fullex/tests/need"
)

// TestCreateChangesNoFileThatOthersLinkTo makes files as root in a stranger's directory. The
// stranger has made links there that lead to root's own file.
func TestCreateChangesNoFileThatOthersLinkTo(t *testing.T) {
	need.Root(t)
	base := t.TempDir()
	theirs, root := filepath.Join(base, "theirs"), filepath.Join(base, "root")
	require.NoError(t, os.WriteFile(root, []byte("kept"), 0o600))
	require.NoError(t, os.Mkdir(theirs, 0o755))
	require.NoError(t, os.Symlink(root, filepath.Join(theirs, "link")))
	require.NoError(t, os.Symlink(base, filepath.Join(theirs, "around")))
	require.NoError(t, os.Link(root, filepath.Join(theirs, "hard")))
	require.NoError(t, os.Symlink(filepath.Join(base, "made"), filepath.Join(theirs, "dangling")))
	require.NoError(t, unix.Mkfifo(filepath.Join(theirs, "pipe"), 0o666))
	require.NoError(t, os.WriteFile(filepath.Join(theirs, "file"), []byte("before"), 0o644))
	for _, name := range []string{"", "link", "around", "dangling"} {
		require.NoError(t, os.Lchown(filepath.Join(theirs, name), need.Stranger, need.Stranger))
	}
	for name, works := range map[string]bool{
		"link": false, "around/root": false, "hard": false, "dangling": false, "pipe": false, "file": true, "new": true,
	} {
		file, dir, err := Create(filepath.Join(theirs, name))
		if !works {
			assert.Error(t, err, name)
			continue
		}
		require.NoError(t, err, name)
		_, err = io.WriteString(file, "x")
		require.NoError(t, err)
		require.NoError(t, file.Close())
		require.NoError(t, dir.Close())
		text, err := os.ReadFile(filepath.Join(theirs, name))
		require.NoError(t, err)
		assert.Equal(t, "x", string(text))
	}
	text, err := os.ReadFile(root)
	require.NoError(t, err)
	assert.Equal(t, "kept", string(text))
	assert.NoFileExists(t, filepath.Join(base, "made"))
}

func TestCreateFollowsLinksThatNoOtherUserCanChange(t *testing.T) {
	base := t.TempDir()
	require.NoError(t, os.Symlink("file", filepath.Join(base, "link")))
	for _, path := range []string{filepath.Join(base, "link"), filepath.Join(base, "file"), "/dev/null"} {
		file, dir, err := Create(path)
		require.NoError(t, err, path)
		require.NoError(t, file.Close())
		require.NoError(t, dir.Close())
	}
	assert.FileExists(t, filepath.Join(base, "file"))
	_, _, err := Create(filepath.Join(base, "none", "file"))
	assert.ErrorIs(t, err, unix.ENOENT)
}

// TestNamelessFileStaysInItsDirectory makes the path of the open directory lead elsewhere.
func TestNamelessFileStaysInItsDirectory(t *testing.T) {
	base := t.TempDir()
	path := filepath.Join(base, "dir")
	require.NoError(t, os.Mkdir(path, 0o755))
	dir, _, err := Open(path)
	require.NoError(t, err)
	require.NoError(t, os.Rename(path, path+"2"))
	require.NoError(t, os.Symlink("/nosuch", path))
	file, err := Nameless(dir)
	require.NoError(t, err)
	_, err = io.WriteString(file, "x")
	require.NoError(t, err)
	left, err := os.ReadDir(path + "2")
	require.NoError(t, err)
	assert.Empty(t, left)
	require.NoError(t, file.Close())
	require.NoError(t, dir.Close())
}
