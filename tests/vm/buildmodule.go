package vm

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// buildFolder is what a kernel in the cache folder has its headers in, as the link
// /lib/modules/VERSION/build leads to them.
const buildFolder = "build"

// NeedHeaders is Need for a kernel that modules can be built for.
func NeedHeaders(t testing.TB, name string) Kernel {
	t.Helper()
	return found(t, func() (Kernel, error) {
		k, err := Find(name)
		if err != nil {
			return Kernel{}, err
		}
		for _, program := range []string{"make", "gcc"} {
			if _, err := exec.LookPath(program); err != nil {
				return Kernel{}, fmt.Errorf("no %s on this machine", program)
			}
		}
		if _, err := os.Stat(filepath.Join(k.Headers, "Makefile")); err != nil {
			return Kernel{}, fmt.Errorf("no %s", k.Headers)
		}
		return k, nil
	})
}

// BuildModule builds the one module in the folder sources, which has a Kbuild file,
// and returns its path in dir, which is empty before.
func (k Kernel) BuildModule(ctx context.Context, sources, dir string) (path string, err error) {
	if err := os.CopyFS(dir, os.DirFS(sources)); err != nil {
		return "", fmt.Errorf("copy the module's sources: %w", err)
	}
	// The headers name the compiler of the kernel, which may not be here.
	cmd := exec.CommandContext(ctx, "make", "-C", k.Headers, "M="+dir, "CC=gcc", "modules")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build a kernel module: %w: %s", err, out)
	}
	built, err := filepath.Glob(filepath.Join(dir, "*.ko"))
	if err == nil && len(built) != 1 {
		err = errors.New("not one module")
	}
	if err != nil {
		return "", fmt.Errorf("look for the module: %w", err)
	}
	return built[0], nil
}
