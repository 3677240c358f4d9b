//go:build !linux

package p9srv

import "fullex/p9srv/endpoint"

// newGuest is never called where vhost-user does not work.
func newGuest(*Server, endpoint.VhostConn, uint64) served { return nil }
