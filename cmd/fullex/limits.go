package main

import (
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"fullex/p9srv"
)

// Names of the flags that bound what peers can make the server hold.
const (
	maxConns         = "max-conns"
	maxGuests        = "max-guests"
	maxFIDs          = "max-fids"
	maxAllFIDs       = "max-all-fids"
	maxSessions      = "max-sessions"
	maxBuffers       = "max-buffers"
	handshakeTimeout = "handshake-timeout"
	frameTimeout     = "frame-timeout"
	writeTimeout     = "write-timeout"
	idleTimeout      = "idle-timeout"
	keepAlive        = "keepalive"
)

// limitFlags take 0 for no limit.
func limitFlags() []cli.Flag {
	d := p9srv.DefaultLimits()
	return []cli.Flag{
		&cli.IntFlag{Name: maxConns, Value: d.Conns, Usage: "most connections; one too many is closed"},
		&cli.IntFlag{Name: maxGuests, Value: d.Guests, Usage: "most virtual machines on vhost-user sockets; one too many is closed"},
		&cli.IntFlag{Name: maxFIDs, Value: d.FIDs, Usage: "most fids of a connection; EMFILE above"},
		&cli.IntFlag{Name: maxAllFIDs, Value: d.AllFIDs, Usage: "most fids of all connections; ENFILE above"},
		&cli.IntFlag{Name: maxSessions, Value: 262_144, Usage: "most open sessions; ENFILE above"},
		&cli.IntFlag{Name: maxBuffers, Value: d.Buffers >> 20, Usage: "most MiB held for peers that stop within a message or do not read; who has done so longest is cut"},
		&cli.DurationFlag{Name: handshakeTimeout, Value: d.HandshakeTimeout, Usage: "from connect to the first attach, or to a virtual machine's first message"},
		&cli.DurationFlag{Name: frameTimeout, Value: d.FrameTimeout, Usage: "for the rest of a message of which a part has arrived"},
		&cli.DurationFlag{Name: writeTimeout, Value: d.WriteTimeout, Usage: "for a peer that does not read"},
		&cli.DurationFlag{Name: idleTimeout, Usage: "for a peer that sends nothing, as mounts do"},
		&cli.DurationFlag{Name: keepAlive, Value: d.KeepAlive, Usage: "until a TCP peer that vanished is noticed"},
	}
}

// takeLimits reads the flags, where 0 is no limit, into limits, where that is
// a negative number.
func (config *serveConfig) takeLimits(c *cli.Context) error {
	for name, field := range map[string]*int{
		maxConns: &config.limits.Conns, maxGuests: &config.limits.Guests,
		maxFIDs: &config.limits.FIDs, maxAllFIDs: &config.limits.AllFIDs,
	} {
		n := c.Int(name)
		if n < 0 {
			return fmt.Errorf("--%s %d: want a number from 0, which is no limit", name, n)
		}
		*field = noLimit(n)
	}
	for name, field := range map[string]*time.Duration{
		handshakeTimeout: &config.limits.HandshakeTimeout, frameTimeout: &config.limits.FrameTimeout,
		writeTimeout: &config.limits.WriteTimeout, idleTimeout: &config.limits.IdleTimeout, keepAlive: &config.limits.KeepAlive,
	} {
		d := c.Duration(name)
		if d < 0 {
			return fmt.Errorf("--%s %s: want a time such as 30s, or 0 for none", name, d)
		}
		*field = noLimit(d)
	}
	mib := c.Int(maxBuffers)
	if mib < 0 {
		return fmt.Errorf("--%s %d: want a number of MiB from 0, which is no limit", maxBuffers, mib)
	}
	config.limits.Buffers = noLimit(mib << 20)
	config.sessions = c.Int(maxSessions)
	if config.sessions < 0 {
		return fmt.Errorf("--%s %d: want a number from 0, which is no limit", maxSessions, config.sessions)
	}
	return nil
}

// noLimit makes 0 a negative number, which is no limit in p9srv.Limits.
func noLimit[T int | time.Duration](v T) T {
	if v == 0 {
		return -1
	}
	return v
}
