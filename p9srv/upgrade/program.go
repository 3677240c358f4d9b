package upgrade

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Program is the path of a program that may replace this one. Safe for concurrent use.
type Program struct{ path string }

// Self returns the program from which this process was started. The caller calls it at the
// start: os.Executable may return another path after the file was replaced.
func Self() (Program, error) {
	path, err := os.Executable()
	if err != nil {
		return Program{}, fmt.Errorf("find this program: %w", err)
	}
	return At(path)
}

// At returns the program at a path.
func At(path string) (Program, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return Program{}, fmt.Errorf("find the program: %w", err)
	}
	return Program{path}, nil
}

// String returns the path.
func (p Program) String() string { return p.path }

// open opens the file that is at the path now. It refuses a file that anybody but root and
// this user could have put there. The caller executes the opened file, so nobody can
// replace it after the check.
func (p Program) open() (*os.File, error) {
	path, err := filepath.EvalSymlinks(p.path)
	if err != nil {
		return nil, fmt.Errorf("find the program: %w", err)
	}
	for dir := filepath.Dir(path); ; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		if err == nil {
			err = checkOwner(info)
		}
		if err != nil {
			return nil, fmt.Errorf("the program's folder %s: %w", dir, err)
		}
		if dir == filepath.Dir(dir) {
			break
		}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open the program: %w", err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("it is not a regular file")
	}
	if err == nil {
		err = checkOwner(info)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("the program %s: %w", path, err), f.Close())
	}
	return f, nil
}

// checkOwner returns an error unless root or this user owns the file or folder, and nobody
// else can write it. Others may write a folder with the sticky bit, as they cannot replace
// files of this user there (unlink(2)).
func checkOwner(info fs.FileInfo) error {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return errors.New("its owner is unknown")
	}
	if stat.Uid != 0 && int(stat.Uid) != os.Geteuid() {
		return fmt.Errorf("it belongs to uid %d, want root or uid %d", stat.Uid, os.Geteuid())
	}
	const others = 0o022
	sticky := info.IsDir() && info.Mode()&fs.ModeSticky != 0
	if info.Mode().Perm()&others != 0 && !sticky {
		return fmt.Errorf("others may write there (mode %04o)", info.Mode().Perm())
	}
	return nil
}
