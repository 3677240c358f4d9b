package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"

	"fullex/cmd/fullex/internal/quote"
	"fullex/cmd/fullex/internal/v9fs"
	"fullex/p9srv/endpoint"
)

// configSize is the size of the device's configuration space for QEMU, in bytes. It is enough
// for the longest tag, so that nobody needs to count.
const configSize = 64

// maxQEMUPath is the longest path at which QEMU connects, in bytes (unix(7)).
const maxQEMUPath = 107

// announceVhost prints the arguments of QEMU for a virtual machine, and how its guest mounts.
func announceVhost(ctx context.Context, w io.Writer, e endpoint.Endpoint) {
	there := e
	if abs, err := e.Abs(); err == nil {
		there = abs
	}
	path, _ := there.Device()
	where := ""
	if len(path) > maxQEMUPath {
		where = " in " + quote.Shell(filepath.Dir(path))
		path = filepath.Base(path)
	}
	fmt.Fprintf(w, `listening on %s
  start a guest%s (QEMU 10.2 or later; SIZE is that of -m) with:
    -object memory-backend-memfd,id=fullex-memory,size=SIZE,share=on -machine memory-backend=fullex-memory \
    -chardev %s \
    -device vhost-user-test-device-pci,chardev=fullex,virtio-id=9,num_vqs=1,vq_size=128,config_size=%d
  mount it in the guest (as root): %s
`, quote.Shell(e.String()), where, quote.Shell("socket,id=fullex,path="+quote.QEMU(path)), configSize, v9fs.Line(e.MountHint(ctx), "/mnt"))
}
