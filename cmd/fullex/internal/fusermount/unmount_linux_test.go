package fusermount

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOpenParentRefusesALinkInThePath(t *testing.T) {
	base, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	require.NoError(t, os.Mkdir(filepath.Join(base, "new\nline"), 0o700))
	require.NoError(t, os.Symlink("new\nline", filepath.Join(base, "link")))
	parent, err := OpenParent(filepath.Join(base, "new\nline", "mount"))
	require.NoError(t, err)
	require.NoError(t, parent.Close())
	_, err = OpenParent(filepath.Join(base, "link", "mount"))
	assert.EqualError(t, err, "the path has changed to "+base+"/new\nline")
	_, err = OpenParent(filepath.Join(base, "missing", "mount"))
	assert.ErrorIs(t, err, os.ErrNotExist)
}

// TestDirIsFoundInItsOpenParent renames the parent and makes another directory at its path.
func TestDirIsFoundInItsOpenParent(t *testing.T) {
	base, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	dir := filepath.Join(base, "parent", "mount")
	require.NoError(t, os.MkdirAll(dir, 0o700))
	want, err := os.Stat(dir)
	require.NoError(t, err)
	parent, err := OpenParent(dir)
	require.NoError(t, err)
	require.NoError(t, os.Rename(filepath.Dir(dir), filepath.Join(base, "moved")))
	require.NoError(t, os.MkdirAll(dir, 0o700))
	found, err := os.Stat(in(parent, dir))
	require.NoError(t, err)
	assert.True(t, os.SameFile(want, found))
	require.NoError(t, parent.Close())
}
