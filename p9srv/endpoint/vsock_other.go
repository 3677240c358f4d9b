//go:build !linux

package endpoint

import (
	"net"
	"os"

	"github.com/mdlayher/vsock"
)

// isNoVsock returns false here, where the error of package vsock says it already.
func isNoVsock(error) bool { return false }

// listenVsock returns the error of package vsock, which knows no such sockets here.
func listenVsock(cid, port uint32) (net.Listener, error) {
	return vsock.ListenContextID(cid, port, nil)
}

// newVsockListener returns the error of package vsock.
func newVsockListener(file *os.File) (net.Listener, error) { return vsock.FileListener(file) }
