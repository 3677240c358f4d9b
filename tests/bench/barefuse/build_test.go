package barefuse

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"

	"fullex/tests/need"
)

func TestBuildMakesAProgram(t *testing.T) {
	path := filepath.Join(t.TempDir(), "barefuse")
	if err := Build(t.Context(), path); err != nil {
		need.Skip(t, "%v (Debian packages gcc, pkg-config and libfuse3-dev)", err)
	}
	out, err := exec.CommandContext(t.Context(), path).CombinedOutput()
	assert.ErrorContains(t, err, "exit status 2")
	assert.Equal(t, "usage: "+path+" DIR\n", string(out))
}

func TestBuildSaysWhatIsMissingInOneLine(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	assert.ErrorContains(t, Build(t.Context(), filepath.Join(dir, "barefuse")), "find libfuse3: ")
	complains := []byte("#!/bin/sh\necho first >&2\necho second >&2\nexit 1\n")
	assert.NoError(t, os.WriteFile(filepath.Join(dir, "pkg-config"), complains, 0o755))
	assert.EqualError(t, Build(t.Context(), filepath.Join(dir, "barefuse")), "find libfuse3: exit status 1: first")
}
