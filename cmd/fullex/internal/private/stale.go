package private

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// prefix is what the names of all places begin with.
const prefix = "fullex-run-"

// aliveFile is a file in a place that its watcher has locked for as long as it
// lives (flock(2)), which is true across containers, where process numbers are not.
const aliveFile = "alive"

// makeDir makes a place's directory, and locks it for as long as this process lives.
func makeDir() (string, error) {
	dir, err := os.MkdirTemp(runtimeDir(), prefix)
	if err != nil {
		return "", err
	}
	if err := markAlive(dir); err != nil {
		return "", errors.Join(err, os.RemoveAll(dir))
	}
	return dir, nil
}

// markAlive has the file appear when it is locked, and not before.
func markAlive(dir string) error {
	unlocked := filepath.Join(dir, "new")
	fd, err := syscall.Open(unlocked, syscall.O_CREAT|syscall.O_RDWR|syscall.O_CLOEXEC, 0o600)
	if err != nil {
		return fmt.Errorf("make a file to lock: %w", err)
	}
	// The descriptor stays open: the lock ends with the process.
	if err := syscall.Flock(fd, syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return fmt.Errorf("lock a file: %w", err)
	}
	return os.Rename(unlocked, filepath.Join(dir, aliveFile))
}

// removeStale removes what is left of runs that were killed together with their
// watchers, where that is this user's.
func removeStale() {
	parent := runtimeDir()
	if parent == "" {
		parent = os.TempDir()
	}
	files, _ := filepath.Glob(filepath.Join(parent, prefix+"*", aliveFile)) // the pattern is good
	for _, file := range files {
		if dir := filepath.Dir(file); isOwn(dir) && isStale(file) {
			_ = remove(dir) // another watcher may be at it
		}
	}
}

// isOwn says whether a directory is this very user's: in one for temporary files,
// what is anybody else's may be made to mislead.
func isOwn(dir string) bool {
	info, err := os.Lstat(dir)
	if err != nil || !info.IsDir() {
		return false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid()
}

// isStale says whether nobody has a file locked.
func isStale(file string) bool {
	f, err := os.OpenFile(file, os.O_RDWR|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }() // unlocks; nothing was written
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil
}
