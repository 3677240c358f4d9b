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

// replayWatched does so on a server of the guest's own, and after each call asks
// that server over a connection of the administrator's what the session holds.
// Where the kernel tells what the server says, the start of each trace is enough.
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
				c.same(name+": state of the server", w.state(c), want)
			})
		})
		c.must("close the connection", w.conn.Close())
	})
}

// untilClose cuts a trace at the first close behind that many calls.
func untilClose(calls contract.Trace, n int) contract.Trace {
	for i, call := range calls {
		if i >= n && call.Name == "close" {
			return calls[:i+1]
		}
	}
	return calls
}

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

// asMounted is the result that a 9p mount must give: the trace's, but for a
// refused write where the kernel misreports it.
func asMounted(call contract.Call) string {
	if call.Name == "write" && misreports(call.Want) {
		return errMisreported.Error()
	}
	return call.Want
}

// asRecorded is the trace's result.
func asRecorded(call contract.Call) string { return call.Want }

// replay makes the calls of a trace, whose results must be those wanted. After each
// call it hands over the model of the device.
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

// replayedFile takes the EIO away that follows a write which was reported
// wrongly, so that the next call of the trace is made.
type replayedFile struct{ *device }

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

// watcher is a connection that sees all sessions.
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

// state reads sessions, where at most one line is expected under the head.
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

// stateIn takes the columns CAPACITY and LENGTH of a listing, if it has a session.
func stateIn(c *check, reply string) string {
	text, err := wire.Data(reply)
	c.must("decode the listing", err)
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	if len(lines) == 1 {
		return ""
	}
	return strings.Join(strings.Fields(lines[1])[4:6], " ")
}
