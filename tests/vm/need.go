package vm

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"fullex/tests/need"
)

// Need returns the kernel that the cache folder has under a name such as "kernel-6.1". If the
// kernel, QEMU or busybox is missing, Need skips the test, or fails it if FULLEX_REQUIRE_ALL
// is 1.
func Need(t testing.TB, name string) Kernel {
	t.Helper()
	return found(t, func() (Kernel, error) { return Find(name) })
}

// NeedNewQEMU returns the command of the QEMU in the cache folder, which is 10.2 or later. Such
// a QEMU can let another program serve a guest's virtio device of any kind. If it is missing,
// NeedNewQEMU skips the test, or fails it if FULLEX_REQUIRE_ALL is 1.
func NeedNewQEMU(t testing.TB) string {
	t.Helper()
	return found(t, FindNewQEMU)
}

// FindNewQEMU returns the command of the QEMU in the cache folder. The error says what is
// missing.
func FindNewQEMU() (string, error) {
	cache, err := cacheFolder()
	if err != nil {
		return "", err
	}
	path := filepath.Join(cache, "qemu", qemu)
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("no %s", path)
	}
	return path, nil
}

// found returns what find returns. On an error it skips or fails the test.
func found[T any](t testing.TB, find func() (T, error)) T {
	t.Helper()
	if testing.Short() {
		t.Skip("guests do not boot in short runs")
	}
	thing, err := find()
	if err != nil {
		need.Skip(t, "%v (tests/run installs it)", err)
	}
	return thing
}

// cacheFolder returns the folder for files that tests/run gets but does not install.
func cacheFolder() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the cache folder: %w", err)
	}
	return filepath.Join(cache, "fullex"), nil
}
