package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/p9srv/endpoint"
	"fullex/tests/need"
)

func TestDefaultTarget(t *testing.T) {
	const user = 4_000_000
	need.Root(t)
	dir := filepath.Join(t.TempDir(), "axis=1,os=linux")
	require.NoError(t, os.Mkdir(dir, 0o700))
	t.Setenv("XDG_RUNTIME_DIR", dir)
	assert.Equal(t, defaultTCP, defaultTarget(user))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "fullex.sock"), nil, 0o600))
	assert.Equal(t, defaultTCP, defaultTarget(user), "the directory is somebody else's")
	require.NoError(t, os.Chown(dir, user, -1))
	assert.Equal(t, endpoint.Unix(filepath.Join(dir, "fullex.sock")), defaultTarget(user))
}
