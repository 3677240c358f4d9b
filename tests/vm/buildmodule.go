package vm

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// buildFolder is the name of the folder with a kernel's headers, in the cache folder's
// kernel-VERSION. On an installed system, /lib/modules/VERSION/build is a link to it.
const buildFolder = "build"

// NeedHeaders is [Need] for a kernel with headers, on a machine with make and gcc, so that
// [Kernel.BuildModule] works.
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

// BuildModule builds a module from the folder sources, which must have a Kbuild file and one
// module. It returns the path of the module in dir, which must be empty before.
func (k Kernel) BuildModule(ctx context.Context, sources, dir string) (path string, err error) {
	if err := os.CopyFS(dir, os.DirFS(sources)); err != nil {
		return "", fmt.Errorf("copy the module's sources: %w", err)
	}
	// Without CC, make uses the compiler of the kernel, which this machine may not have.
	cmd := exec.CommandContext(ctx, "make", "-C", k.Headers, "M="+dir, "CC=gcc", "modules")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build a kernel module: %w: %s", err, out)
	}
	built, err := filepath.Glob(filepath.Join(dir, "*.ko"))
	if err == nil && len(built) != 1 {
		err = fmt.Errorf("%d modules were built, want 1", len(built))
	}
	if err != nil {
		return "", fmt.Errorf("look for the module: %w", err)
	}
	return built[0], nil
}
