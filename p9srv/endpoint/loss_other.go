//go:build !linux

package endpoint

import (
	"net"
	"time"
)

// setUserTimeout does nothing here. Only a silent peer is probed.
func setUserTimeout(*net.TCPConn, time.Duration) error { return nil }
