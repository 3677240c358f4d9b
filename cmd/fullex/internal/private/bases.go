package private

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"fullex/p9srv/endpoint/ownpath"
)

// bases returns the directories in which a private one may be made, the best first.
func bases() []string {
	var list []string
	runtimeDir := os.Getenv("XDG_RUNTIME_DIR")
	if info, err := os.Stat(runtimeDir); err == nil && filepath.IsAbs(runtimeDir) && isOwn(info) {
		list = append(list, runtimeDir) // after su and sudo it can be another user's
	}
	if temporary, err := filepath.Abs(os.TempDir()); err == nil {
		list = append(list, temporary)
	}
	list = append(list, "/tmp")
	if os.Geteuid() == 0 {
		list = append(list, "/run")
	}
	return slices.Compact(list)
}

// checkBase returns an error for a directory in which another user could replace what is
// made. Root mounts by path and would mount at the replacement.
func checkBase(path string) error {
	dir, fixed, err := ownpath.Open(path)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if !fixed || !ownpath.Keeps(dir) {
		err = fmt.Errorf("%s: other users can replace files there", path)
	}
	return errors.Join(err, dir.Close())
}
