package vm

import (
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Kernel has the paths of an unpacked kernel package.
type Kernel struct {
	Image   string // vmlinuz
	Modules string // the package's lib/modules/VERSION
	Headers string // the folder with which make builds modules; it may not exist, see NeedHeaders
}

// busybox is the path of Debian's busybox-static.
const busybox = "/bin/busybox"

// Find returns the kernel that the cache folder has under a name such as "kernel-6.1". The
// error names the first missing file or program, including those that every guest needs.
func Find(name string) (Kernel, error) {
	for _, program := range []string{qemu, busybox} {
		if _, err := exec.LookPath(program); err != nil {
			return Kernel{}, fmt.Errorf("no %s on this machine", program)
		}
	}
	if err := mustBeStatic(busybox); err != nil {
		return Kernel{}, err
	}
	cache, err := cacheFolder()
	if err != nil {
		return Kernel{}, err
	}
	dir := filepath.Join(cache, name)
	k := Kernel{Image: filepath.Join(dir, "vmlinuz"), Modules: filepath.Join(dir, "modules"), Headers: filepath.Join(dir, buildFolder)}
	for _, path := range []string{k.Image, k.Modules} {
		if _, err := os.Stat(path); err != nil {
			return Kernel{}, fmt.Errorf("no %s", path)
		}
	}
	return k, nil
}

// mustBeStatic returns an error for an executable that needs a loader. Guests have no loader.
func mustBeStatic(path string) error {
	f, err := elf.Open(path)
	if err != nil {
		return fmt.Errorf("open %s: %w", path, err)
	}
	defer func() { _ = f.Close() }() // nothing to flush
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			return fmt.Errorf("%s is not static: install the Debian package busybox-static", path)
		}
	}
	return nil
}
