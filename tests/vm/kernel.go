package vm

import (
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Kernel is an unpacked kernel package.
type Kernel struct {
	Image   string // path of vmlinuz
	Modules string // path of what the package has as lib/modules/VERSION
	Headers string // path of the folder in which make builds modules; it may be missing, see NeedHeaders
}

// busybox is Debian's busybox-static.
const busybox = "/bin/busybox"

// Find returns the kernel that the cache folder has under a name such as "kernel-6.1". The
// error says what is missing, also of what every guest needs.
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
