package private

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// markAlive makes the file appear when it is locked, and not before.
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

// keepAlive locks the file of a directory that another process has made, as it may
// end before this one.
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

// removeStale removes what is left beside the directory of runs that were killed
// together with their watchers, where that is this user's.
func (d *Dir) removeStale() {
	entries, _ := fs.ReadDir(d.base.FS(), ".") // what cannot be read is left
	for _, e := range entries {
		if !e.IsDir() || e.Name() == d.name || !strings.HasPrefix(e.Name(), prefix) {
			continue
		}
		if other, err := d.beside(e.Name()); err == nil {
			other.removeIfStale()
		}
	}
}

// beside opens another directory in the same one.
func (d *Dir) beside(name string) (*Dir, error) {
	base, err := d.base.OpenRoot(".")
	if err != nil {
		return nil, err
	}
	return openIn(base, filepath.Dir(d.path), name)
}

// removeIfStale also lets go of a directory that is in use. Another watcher may be at
// it, too, so that errors mean nothing.
func (d *Dir) removeIfStale() {
	if d.isStale() {
		_ = d.Remove()
		return
	}
	_ = d.close()
}

// isStale reports whether nobody has the directory locked any more.
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
