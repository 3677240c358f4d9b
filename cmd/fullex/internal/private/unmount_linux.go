package private

import (
	"path/filepath"

	"fullex/cmd/fullex/internal/fusermount"
)

// unmount takes what is mounted in the directory out of the tree, FUSE or not.
func (d *Dir) unmount() error {
	return fusermount.UnmountIn(d.self, filepath.Join(d.path, mountName), true)
}
