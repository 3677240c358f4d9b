package private

import "fullex/cmd/fullex/internal/fusermount"

// unmount takes what is mounted at a directory out of the tree, FUSE or not.
func unmount(dir string) error { return fusermount.Unmount(dir, true) }
