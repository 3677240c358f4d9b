package upgrade

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestProgramsThatOthersCouldHaveReplacedAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		change func(t *testing.T, dir, file string)
		want   string // "": it is opened
	}{
		"this user's own":                    {func(*testing.T, string, string) {}, ""},
		"writable by the group":              {func(t *testing.T, _, file string) { require.NoError(t, os.Chmod(file, 0o775)) }, "others may write there (mode 0775)"},
		"writable by all":                    {func(t *testing.T, _, file string) { require.NoError(t, os.Chmod(file, 0o757)) }, "others may write there (mode 0757)"},
		"in a folder writable by all":        {func(t *testing.T, dir, _ string) { require.NoError(t, os.Chmod(dir, 0o777)) }, "others may write there (mode 0777)"},
		"in a sticky folder writable by all": {func(t *testing.T, dir, _ string) { require.NoError(t, os.Chmod(dir, 0o777|os.ModeSticky)) }, ""},
		"removed":                            {func(t *testing.T, _, file string) { require.NoError(t, os.Remove(file)) }, "no such file"},
		"replaced by a folder": {func(t *testing.T, _, file string) {
			require.NoError(t, os.Remove(file))
			require.NoError(t, os.Mkdir(file, 0o755))
		}, "not a regular file"},
		"replaced by a link to a file writable by all": {func(t *testing.T, dir, file string) { link(t, dir, file) }, "others may write there (mode 0666)"},
		"owned by another user":                        {func(t *testing.T, _, file string) { chown(t, file) }, "it belongs to uid 1, want root or uid 0"},
		"in another user's folder":                     {func(t *testing.T, dir, _ string) { chown(t, dir) }, "it belongs to uid 1, want root or uid 0"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "bin")
			require.NoError(t, os.Mkdir(dir, 0o755))
			file := filepath.Join(dir, "fullex")
			require.NoError(t, os.WriteFile(file, nil, 0o755))
			c.change(t, dir, file)
			p, err := At(file)
			require.NoError(t, err)
			f, err := p.open()
			if c.want == "" {
				require.NoError(t, err)
				require.NoError(t, f.Close())
				return
			}
			require.Error(t, err)
			assert.Contains(t, err.Error(), c.want)
		})
	}
}

// link replaces file by a symbolic link to a file that all users may write.
func link(t *testing.T, dir, file string) {
	t.Helper()
	other := filepath.Join(dir, "other")
	require.NoError(t, os.WriteFile(other, nil, 0o600))
	require.NoError(t, os.Chmod(other, 0o666))
	require.NoError(t, os.Remove(file))
	require.NoError(t, os.Symlink("other", file))
}

func chown(t *testing.T, name string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can give files to another user")
	}
	require.NoError(t, os.Chown(name, 1, 1))
}
