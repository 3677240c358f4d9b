package vm

import (
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Kernel is an unpacked kernel package.
type Kernel struct {
	Image   string // path of vmlinuz
	Modules string // path of what the package has as lib/modules/VERSION
}

// requireAll is the environment variable that forbids skipping.
const requireAll = "FULLEX_REQUIRE_ALL"

// busybox is Debian's busybox-static.
const busybox = "/bin/busybox"

// Need returns the kernel that the cache folder has under a name such as
// "kernel-6.1". Where it, QEMU or busybox is missing the test is skipped, or
// fails if FULLEX_REQUIRE_ALL is 1.
func Need(t testing.TB, name string) Kernel {
	t.Helper()
	if testing.Short() {
		t.Skip("guests do not boot in short runs")
	}
	k, err := find(name)
	switch {
	case err == nil:
		return k
	case os.Getenv(requireAll) == "1":
		t.Fatalf("%v (tests/run installs it)", err)
	default:
		t.Skipf("%v; tests/run installs it", err)
	}
	return Kernel{}
}

func find(name string) (Kernel, error) {
	for _, program := range []string{qemu, busybox} {
		if _, err := exec.LookPath(program); err != nil {
			return Kernel{}, fmt.Errorf("no %s on this machine", program)
		}
	}
	if err := mustBeStatic(busybox); err != nil {
		return Kernel{}, err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return Kernel{}, fmt.Errorf("find the cache folder: %w", err)
	}
	dir := filepath.Join(cache, "fullex", name)
	k := Kernel{Image: filepath.Join(dir, "vmlinuz"), Modules: filepath.Join(dir, "modules")}
	for _, path := range []string{k.Image, k.Modules} {
		if _, err := os.Stat(path); err != nil {
			return Kernel{}, fmt.Errorf("no %s", path)
		}
	}
	return k, nil
}

// mustBeStatic tells of an executable that wants a loader: guests have none.
func mustBeStatic(path string) error {
	f, err := elf.Open(path)
	if err != nil {
		return fmt.Errorf("open %s: %w", path, err)
	}
	defer func() { _ = f.Close() }() // only read
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			return fmt.Errorf("%s is not the one of busybox-static", path)
		}
	}
	return nil
}
