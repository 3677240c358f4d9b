package private

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// markAlive makes the file aliveName and locks it. The file has another name until it is
// locked.
func (d *Dir) markAlive() (err error) {
	const unlocked = "new"
	d.alive, err = d.inside.OpenFile(unlocked, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("make a file to lock: %w", err)
	}
	if err := lock(d.alive, syscall.LOCK_SH); err != nil {
		return err
	}
	return d.inside.Rename(unlocked, aliveName)
}

// keepAlive locks the file aliveName that another process has made. That process may end
// before this one.
func (d *Dir) keepAlive() (err error) {
	if d.alive, err = d.openAlive(); err != nil {
		return err
	}
	return lock(d.alive, syscall.LOCK_SH)
}

func (d *Dir) openAlive() (*os.File, error) {
	return d.inside.OpenFile(aliveName, os.O_RDWR|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
}

// lock locks a file, without waiting for others.
func lock(f *os.File, how int) error {
	if err := syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB); err != nil {
		return fmt.Errorf("lock %s: %w", f.Name(), err)
	}
	return nil
}

// removeStale removes the stale directories of this user in the same base. They are left
// when a program and its watcher are both killed.
func (d *Dir) removeStale() {
	entries, _ := fs.ReadDir(d.base.FS(), ".") // entries that cannot be read stay
	for _, e := range entries {
		if !e.IsDir() || e.Name() == d.name || !strings.HasPrefix(e.Name(), prefix) {
			continue
		}
		if other, err := d.beside(e.Name()); err == nil {
			other.removeIfStale()
		}
	}
}

// beside opens another directory in the same base.
func (d *Dir) beside(name string) (*Dir, error) {
	base, err := d.base.OpenRoot(".")
	if err != nil {
		return nil, err
	}
	return openIn(base, filepath.Dir(d.path), name)
}

// removeIfStale removes a stale directory, and closes the Dir in any case. Another watcher
// may remove the same directory, so errors are ignored.
func (d *Dir) removeIfStale() {
	if d.isStale() {
		_ = d.Remove()
		return
	}
	_ = d.close()
}

// isStale reports whether no process has the file aliveName locked. Without that file it
// reports false: the directory may be new.
func (d *Dir) isStale() bool {
	info, err := d.inside.Lstat(aliveName)
	if err != nil || !info.Mode().IsRegular() {
		return false
	}
	f, err := d.openAlive()
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }() // unlocks; nothing was written
	return lock(f, syscall.LOCK_EX) == nil
}
