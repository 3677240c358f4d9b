package main

import (
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"fullex/p9srv"
)

// Names of the flags that limit what peers can use.
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

// limitHelp is a part of the description of each command that has limitFlags.
const limitHelp = "For the --max flags and for times, 0 means no limit."

// limitFlags returns the flags of limits. Their value 0 means no limit.
func limitFlags() []cli.Flag {
	d := p9srv.DefaultLimits()
	return []cli.Flag{
		&cli.IntFlag{Name: maxConns, Value: d.Conns, Usage: "accept `N` connections at most; close any more"},
		&cli.IntFlag{Name: maxGuests, Value: d.Guests, Usage: "accept `N` virtual machines at most on vhost-user sockets; close any more"},
		&cli.IntFlag{Name: maxFIDs, Value: d.FIDs, Usage: "allow `N` fids at most on a connection; refuse any more with EMFILE"},
		&cli.IntFlag{Name: maxAllFIDs, Value: d.AllFIDs, Usage: "allow `N` fids at most on all connections; refuse any more with ENFILE"},
		&cli.IntFlag{Name: maxSessions, Value: 262_144, Usage: "allow `N` open sessions at most; refuse any more with ENFILE"},
		&cli.IntFlag{Name: maxBuffers, Value: d.Buffers >> 20, Usage: "buffer `N` MiB at most for peers that stop within a message or do not read; above that, disconnect the peer that stopped first"},
		&cli.DurationFlag{Name: handshakeTimeout, Value: d.HandshakeTimeout, Usage: "disconnect a peer that does not attach, or a virtual machine that sends nothing, within `TIME` of connecting"},
		&cli.DurationFlag{Name: frameTimeout, Value: d.FrameTimeout, Usage: "disconnect a peer that takes longer than `TIME` to finish a message"},
		&cli.DurationFlag{Name: writeTimeout, Value: d.WriteTimeout, Usage: "disconnect a peer that does not read its replies for `TIME`"},
		&cli.DurationFlag{Name: idleTimeout, DefaultText: "no limit", Usage: "disconnect a peer that sends nothing for `TIME`, such as an unused mount"},
		&cli.DurationFlag{Name: keepAlive, Value: d.KeepAlive, Usage: "disconnect a TCP peer `TIME` after it vanished"},
	}
}

// takeLimits reads limits from the flags. It returns an error for a negative value.
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

// noLimit returns v, but for 0 a negative number, which means no limit in p9srv.Limits.
func noLimit[T int | time.Duration](v T) T {
	if v == 0 {
		return -1
	}
	return v
}
