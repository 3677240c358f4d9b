//go:build !linux

package fusefs

import "github.com/hanwen/go-fuse/v2/fuse"

// attach leaves it to the library, which does not show the connection.
func attach(raw fuse.RawFileSystem, dir string, options *fuse.MountOptions) (*fuse.Server, int, error) {
	server, err := fuse.NewServer(raw, dir, options)
	return server, -1, err
}

func (m *Mount) unmount(bool) error { return m.server.Unmount() }

func (m *Mount) answer() error { return m.server.WaitMount() }
