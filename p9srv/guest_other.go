//go:build !linux

package p9srv

import "fullex/p9srv/endpoint"

// newGuest is never called, as vhost-user works only on Linux.
func newGuest(*Server, endpoint.VhostConn, uint64) served { return nil }
