//go:build linux

package tests

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/p9srv"
	"fullex/tests/listing"
)

// scriptTime limits the time of a script. A script takes about a second.
const scriptTime = 2 * time.Minute

// TestWalkthroughWithoutAMount runs the tutorial with commands of fullex, as a user types
// them.
func TestWalkthroughWithoutAMount(t *testing.T) {
	addr := serve(t, &p9srv.Server{Kernel: listing.Kernel(listing.Tutorial...)})
	path, err := fullexCommand()
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), scriptTime)
	defer cancel()
	script := exec.CommandContext(ctx, "sh", "testdata/walkthrough/commands.sh")
	script.Env = append(os.Environ(), "T=unix:"+addr.String(), "PATH="+filepath.Dir(path)+":"+os.Getenv("PATH"))
	out, err := script.CombinedOutput()
	require.NoError(t, err, string(out))
	want, err := os.ReadFile("testdata/walkthrough/commands.out")
	require.NoError(t, err)
	assert.Equal(t, string(want), string(out))
}
