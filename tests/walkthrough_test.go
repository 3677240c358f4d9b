package tests

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/p9srv"
)

// TestWalkthroughWithoutAMount runs the tutorial with the commands of fullex,
// as a user types them.
func TestWalkthroughWithoutAMount(t *testing.T) {
	addr := serve(t, &p9srv.Server{})
	bin := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(bin, "fullex"), "fullex/cmd/fullex")
	out, err := build.CombinedOutput()
	require.NoError(t, err, string(out))
	script := exec.CommandContext(t.Context(), "sh", "testdata/walkthrough/commands.sh")
	script.Env = append(os.Environ(), "T=unix:"+addr.String(), "PATH="+bin+":"+os.Getenv("PATH"))
	out, err = script.CombinedOutput()
	require.NoError(t, err, string(out))
	want, err := os.ReadFile("testdata/walkthrough/commands.out")
	require.NoError(t, err)
	assert.Equal(t, string(want), string(out))
}
