//go:build linux

package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"

	"fullex/device/contract"
	"fullex/tests/wire"
)

// replayOracle replays every trace through the mount.
func replayOracle(c *check) {
	eachTrace(c, func(name string, calls contract.Trace) {
		replay(c, name, calls, plain, asMounted, func(*contract.Device) {})
	})
}

// replayWatched replays the traces at a server in the guest. After each call it asks the
// server for the capacity and the length of the session, over the administrator's own
// connection. If Linux does not misreport results, it replays only the start of each trace.
func replayWatched(c *check) {
	const start = 60
	withOwnServer(c, func() {
		w := newWatcher(c)
		eachTrace(c, func(name string, calls contract.Trace) {
			if !misreports("E") {
				calls = untilClose(calls, start)
			}
			replay(c, name, calls, ownMount+"/full_ex", asMounted, func(d *contract.Device) {
				want := ""
				if d.IsOpen {
					want = fmt.Sprint(d.Capacity, len(d.Values))
				}
				c.same(name+": capacity and length at the server", w.state(c), want)
			})
		})
		c.must("close the connection", w.conn.Close())
	})
}

// untilClose returns the start of a trace: n calls, and all until the next close.
func untilClose(calls contract.Trace, n int) contract.Trace {
	for i, call := range calls {
		if i >= n && call.Name == "close" {
			return calls[:i+1]
		}
	}
	return calls
}

// eachTrace calls do with each recorded trace and the name of its file.
func eachTrace(c *check, do func(name string, calls contract.Trace)) {
	paths, err := filepath.Glob("/oracle/*.trace")
	c.must("find the traces", err)
	c.same("number of traces", len(paths), 8)
	for _, path := range paths {
		f, err := os.Open(path)
		c.must("open the trace", err)
		calls, err := contract.ReadTrace(f)
		c.must("parse "+path, err)
		c.must("close the trace", f.Close())
		do(filepath.Base(path), calls)
	}
}

// asMounted returns the result that a call must have on a 9p mount. It is that of the trace,
// except for a refused write that Linux misreports.
func asMounted(call contract.Call) string {
	if call.Name == "write" && misreports(call.Want) {
		return errMisreported.Error()
	}
	return call.Want
}

// asRecorded returns the result of the call in the trace.
func asRecorded(call contract.Call) string { return call.Want }

// replay makes the calls of a trace at a path and expects the results that want returns. After
// each call it calls after with a model of the device that has had the same calls.
func replay(c *check, name string, calls contract.Trace, path string, want func(contract.Call) string, after func(*contract.Device)) {
	player := contract.Player{Open: func() (io.ReadWriteCloser, error) {
		d, err := openDevice(path, os.O_RDWR)
		if err != nil {
			return nil, err
		}
		return &replayedFile{d}, nil
	}}
	var model contract.Device
	modelled := contract.Player{Open: model.Open}
	for _, call := range calls {
		c.same(fmt.Sprintf("%s: line %d: %s", name, call.Line, call), player.Do(call), want(call))
		modelled.Do(call)
		after(&model)
	}
}

// replayedFile makes a read after each write that Linux misreports. That read gets the EIO that
// would otherwise be the result of the next call in the trace.
type replayedFile struct{ *device }

// errMisreported is the error of a write that Linux misreports.
var errMisreported = errors.New("0, and then EIO")

func (f *replayedFile) Write(p []byte) (int, error) {
	n, err := f.device.Write(p)
	if n > 0 || err != nil {
		return n, err
	}
	if next := outcome(f.device.Read(make([]byte, 4))); next != "EIO" {
		return 0, fmt.Errorf("0, and then %s", next)
	}
	return 0, errMisreported
}

// watcher is a connection of the administrator, which lists all sessions.
type watcher struct{ conn *wire.Conn }

func newWatcher(c *check) watcher {
	raw, err := net.Dial("unix", socket)
	c.must("connect", err)
	w := watcher{wire.NewConn(raw)}
	c.must("attach as root", w.conn.Talk(`
		> Tversion 65536 9P2000.L
		< Rversion 65536 9P2000.L
		> Tattach 0 NOFID "" "" 0
		< Rattach dir:*`))
	return w
}

// state returns the capacity and the length of the only session, or "" if there is none.
func (w watcher) state(c *check) string {
	c.must("open sessions", w.conn.Talk(`
		> Twalk 0 1 sessions
		< Rwalk file:*
		> Tlopen 1 O_RDONLY
		< Rlopen file:* *`))
	reply, err := w.conn.Ask("Tread 1 0 4096")
	c.must("read sessions", err)
	c.must("close sessions", w.conn.Talk("> Tclunk 1\n< Rclunk"))
	return stateIn(c, reply)
}

// stateIn returns the columns CAPACITY and LENGTH of a listing, or "" without a session.
func stateIn(c *check, reply string) string {
	text, err := wire.Data(reply)
	c.must("decode the listing", err)
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	if len(lines) == 1 {
		return ""
	}
	return strings.Join(strings.Fields(lines[1])[4:6], " ")
}
