//go:build !linux

package p9srv

const vhostWorks = false

// newGuest is never called where vhost-user does not work.
func newGuest(*Server, vhostSocket, uint64) served { return nil }
