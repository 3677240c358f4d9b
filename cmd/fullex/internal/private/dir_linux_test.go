package private

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/tests/need"
)

// made makes a private directory in a base, which it sets as TMPDIR.
func made(t *testing.T, base string) *Dir {
	t.Helper()
	t.Setenv("XDG_RUNTIME_DIR", "")
	t.Setenv("TMPDIR", base)
	d, err := MakeDir()
	require.NoError(t, err)
	return d
}

func names(t *testing.T, dir string) (list []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

func TestDirIsPrivateAndRemovedWithAllInIt(t *testing.T) {
	base := t.TempDir()
	d := made(t, base)
	info, err := os.Stat(d.path)
	require.NoError(t, err)
	assert.Equal(t, os.ModeDir|0o700, info.Mode())
	point, err := d.MountPoint()
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(filepath.Join(d.path, "a", "b"), 0o700))
	require.NoError(t, os.Symlink(base, filepath.Join(d.path, "link")))
	require.NoError(t, os.WriteFile(filepath.Join(base, "kept"), nil, 0o600))
	assert.Equal(t, filepath.Join(d.path, "mount"), point)
	require.NoError(t, d.Remove())
	assert.Equal(t, []string{"kept"}, names(t, base))
}

func TestSocketOfALongPathIsShort(t *testing.T) {
	base := filepath.Join(t.TempDir(), strings.Repeat("long/", 50))
	require.NoError(t, os.MkdirAll(base, 0o700))
	d := made(t, base)
	assert.LessOrEqual(t, len(d.Socket()), maxSocketPath)
	require.NoError(t, os.WriteFile(d.Socket(), nil, 0o600))
	assert.FileExists(t, filepath.Join(d.path, "socket"))
	require.NoError(t, d.Remove())
	assert.Empty(t, names(t, base))
}

func TestOnlyTheOwnerMayEnterWhateverTheUmask(t *testing.T) {
	base := t.TempDir()
	old := syscall.Umask(0o777)
	defer syscall.Umask(old)
	d := made(t, base)
	point, err := d.MountPoint()
	require.NoError(t, err)
	for path, mode := range map[string]os.FileMode{d.path: 0o700, point: 0o700, filepath.Join(d.path, aliveName): 0o600} {
		info, err := os.Stat(path)
		require.NoError(t, err)
		assert.Equal(t, mode, info.Mode().Perm(), path)
	}
	require.NoError(t, d.Remove())
	assert.Equal(t, 0o777, syscall.Umask(0o777), "the umask is as it was")
}

// TestRemoveLeavesAReplacementAlone renames the directory and puts something else at its
// path.
func TestRemoveLeavesAReplacementAlone(t *testing.T) {
	base, other := t.TempDir(), t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(other, "mount"), nil, 0o600))
	for name, put := range map[string]func(path string) error{
		"link": func(path string) error { return os.Symlink(other, path) },
		"directory": func(path string) error {
			return os.CopyFS(path, os.DirFS(other))
		},
	} {
		d := made(t, base)
		moved := d.path + ".moved"
		require.NoError(t, os.Rename(d.path, moved))
		require.NoError(t, put(d.path))
		_ = d.Remove() // it may report that the other directory is not empty
		assert.Empty(t, names(t, moved), name)
		assert.Equal(t, []string{"mount"}, names(t, other), name)
		if name == "directory" {
			assert.Equal(t, []string{"mount"}, names(t, d.path))
		}
	}
}

func TestStaleDirsOfThisUserAreRemoved(t *testing.T) {
	need.Root(t)
	base, other := filepath.Join(t.TempDir(), `[x]*,\`), t.TempDir()
	require.NoError(t, os.Mkdir(base, 0o700))
	for _, dir := range []string{"stale", "theirs", "young"} {
		path := filepath.Join(base, prefix+dir)
		require.NoError(t, os.Mkdir(path, 0o700))
		if dir != "young" {
			require.NoError(t, os.WriteFile(filepath.Join(path, aliveName), nil, 0o600))
		}
	}
	require.NoError(t, os.Chown(filepath.Join(base, prefix+"theirs"), need.Stranger, need.Stranger))
	require.NoError(t, os.WriteFile(filepath.Join(other, aliveName), nil, 0o600))
	require.NoError(t, os.Symlink(other, filepath.Join(base, prefix+"link")))
	live, d := made(t, base), made(t, base)
	used, err := openDir(live.path)
	require.NoError(t, err)
	require.NoError(t, live.close(), "as if its maker had ended")
	d.removeStale()
	assert.ElementsMatch(t, []string{prefix + "theirs", prefix + "young", prefix + "link", live.name, d.name}, names(t, base))
	assert.Equal(t, []string{aliveName}, names(t, other))
	require.NoError(t, used.Remove())
	require.NoError(t, d.Remove())
}

func TestRootMakesNothingWhereOthersCanReplaceIt(t *testing.T) {
	need.Root(t)
	theirs, open, own := t.TempDir(), t.TempDir(), t.TempDir()
	require.NoError(t, os.Chown(theirs, need.Stranger, need.Stranger))
	require.NoError(t, os.Chmod(open, 0o777))
	inTheirs := filepath.Join(theirs, "of root")
	require.NoError(t, os.Mkdir(inTheirs, 0o700))
	for _, bad := range []string{theirs, open, inTheirs} {
		d := made(t, bad)
		assert.NotEqual(t, bad, filepath.Dir(d.path))
		require.NoError(t, d.Remove())
	}
	t.Setenv("XDG_RUNTIME_DIR", theirs)
	t.Setenv("TMPDIR", own)
	d, err := MakeDir()
	require.NoError(t, err)
	assert.Equal(t, own, filepath.Dir(d.path))
	assert.Equal(t, []string{"of root"}, names(t, theirs))
	require.NoError(t, d.Remove())
}
