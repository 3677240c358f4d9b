package target

import (
	"fmt"
	"os"
	"syscall"
)

// RefuseOrdinary returns an error if a file of a target has content on a disk, which calls
// at it as at a device would destroy. A device has none, whatever size it has (stat(2),
// st_blocks). What is wrong otherwise, Open says.
func RefuseOrdinary(t Target, path string) error {
	m, ok := t.(mounted)
	if !ok {
		return nil
	}
	file := m.at(path)
	info, err := os.Stat(file)
	if err != nil || !info.Mode().IsRegular() || info.Size() == 0 {
		return nil
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); !ok || stat.Blocks == 0 || cachesSize(file) {
		return nil
	}
	return fmt.Errorf("%s is no device but an ordinary file of %d bytes, which would be lost", file, info.Size())
}
