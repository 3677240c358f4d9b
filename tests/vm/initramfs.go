package vm

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// writeInitramfs writes an archive with the guest's root file system: init, the command,
// busybox, the programs and files of c, and modules. The names of modules sort in the order in
// which they must be loaded.
func writeInitramfs(path string, c Config) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	err = fillInitramfs(&archive{w: w}, c)
	return errors.Join(err, w.Flush(), f.Close())
}

func fillInitramfs(a *archive, c Config) error {
	for _, dir := range []string{"proc", "sys", "dev", "tmp", "mnt", "bin", "modules", "oracle", "walkthrough", "programs", "etc"} {
		a.add(dir, modeDir|0o777, nil)
	}
	for inside, path := range map[string]string{"init": c.Init, "bin/fullex": c.Fullex, "bin/busybox": busybox} {
		if err := a.addFile(inside, 0o755, path); err != nil {
			return err
		}
	}
	for _, path := range c.Programs {
		if err := a.addFile("programs/"+filepath.Base(path), 0o755, path); err != nil {
			return err
		}
	}
	a.add("sbin", modeDir|0o755, nil)
	a.add("sbin/mount.fullex", modeLink|0o777, []byte("/bin/fullex"))
	for inside, path := range c.Files {
		if err := a.addFile(inside, 0o644, path); err != nil {
			return err
		}
	}
	modules, err := loadOrder(c.Kernel, c.Modules)
	if err != nil {
		return err
	}
	for i, m := range modules {
		a.add(fmt.Sprintf("modules/%03d-%s.ko", i, m.name), modeRegular|0o644, m.code)
	}
	a.add("TRAILER!!!", 0, nil)
	return a.err
}

// File types in a mode (inode(7)).
const (
	modeDir     = 0o040000
	modeRegular = 0o100000
	modeLink    = 0o120000
)

// archive writes the cpio format "newc", which Linux unpacks as its initramfs
// (Documentation/driver-api/early-userspace/buffer-format.rst).
type archive struct {
	w      io.Writer
	inodes int   // so far
	err    error // the first; nothing is written after it
}

// addFile adds a copy of the file at path.
func (a *archive) addFile(name string, perm uint32, path string) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	a.add(name, modeRegular|perm, content)
	return a.err
}

// add adds an entry. Its head with the name, and its content, are each padded to a multiple
// of 4 bytes.
func (a *archive) add(name string, mode uint32, content []byte) {
	a.inodes++
	fields := []int{a.inodes, int(mode), 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0}
	head := "070701"
	for _, field := range fields {
		head += fmt.Sprintf("%08X", field)
	}
	a.write([]byte(head + name + "\x00"))
	a.write(content)
}

// write writes p and the padding.
func (a *archive) write(p []byte) {
	if a.err != nil {
		return
	}
	padded := (len(p) + 3) &^ 3
	_, a.err = a.w.Write(append(p[:len(p):len(p)], make([]byte, padded-len(p))...))
}
