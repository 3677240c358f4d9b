package private

import (
	"path/filepath"

	"fullex/cmd/fullex/internal/fusermount"
)

// unmount detaches what is mounted at mountName, whether it is FUSE or 9p.
func (d *Dir) unmount() error {
	return fusermount.UnmountIn(d.self, filepath.Join(d.path, mountName), true)
}
