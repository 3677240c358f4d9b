//go:build !linux

package endpoint

import (
	"net"
	"os"

	"github.com/mdlayher/vsock"
)

// isNoVsock returns false: here the errors of package vsock already say what is missing.
func isNoVsock(error) bool { return false }

// listenVsock returns an error: package vsock supports only Linux.
func listenVsock(cid, port uint32) (net.Listener, error) {
	return vsock.ListenContextID(cid, port, nil)
}

// newVsockListener returns an error: package vsock supports only Linux.
func newVsockListener(file *os.File) (net.Listener, error) { return vsock.FileListener(file) }
