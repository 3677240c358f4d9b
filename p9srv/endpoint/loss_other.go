//go:build !linux

package endpoint

import (
	"net"
	"time"
)

// setUserTimeout is for Linux: elsewhere only a silent peer is probed.
func setUserTimeout(*net.TCPConn, time.Duration) error { return nil }
