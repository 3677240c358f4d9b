package check

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"fullex/cmd/fullex/internal/target"
)

// place is where the device is at a target.
type place struct {
	target target.Name
	name   string // of the device file, or "" if the target is that
	door   Door
	traits Traits
}

// device is the path of the device within the target, for a process.
func (p place) device(process int) string {
	switch {
	case p.name == "":
		return ""
	case p.door == PID:
		return path.Join("pid", strconv.Itoa(process), p.name)
	case p.door == Each:
		return path.Join("each", p.name)
	}
	return p.name
}

// Reasons that results give.
const (
	eachOpen       = "each open is a client of its own at this door"
	oneUser        = "a 9p mount tells the server the user, not the process (see --door)"
	kernelEmpty    = "the kernel answers calls of 0 bytes at a mount itself and never sends them"
	accessModeOnly = "over 9P this client sends the access mode only"
	keptSize       = "Linux 6.8 and later would lose values of reads for more than 4 bytes below the end of what it believes is written"
)

// At returns what starts clients of the device at a target, for [Run]. command are the words that start this program as a worker: a
// process that calls [Work]. The error is why there can be none.
func At(ctx context.Context, name target.Name, door Door, command []string) (func() (Opener, error), error) {
	e, remote := name.Endpoint()
	if e.IsInherited() {
		return nil, fmt.Errorf("%s is one connection, and checking needs several", name)
	}
	t, err := target.Open(ctx, name)
	if err != nil {
		return nil, err
	}
	p := place{target: name, name: t.Device(), door: door}
	err = errors.Join(p.find(t), t.Close())
	if err != nil {
		return nil, err
	}
	if remote {
		p.traits.NoFlags = accessModeOnly
		var started atomic.Int32
		return func() (Opener, error) { return dialRemote(p, os.Getpid()+int(started.Add(1))-1) }, nil
	}
	if err := p.look(); err != nil {
		return nil, err
	}
	return func() (Opener, error) { return startLocal(p, command) }, nil
}

// find sees to the door, and that the device is there.
func (p *place) find(t target.Target) error {
	if p.door == "" {
		p.door = Plain
	}
	if p.door == Each {
		p.traits.EachOpen = eachOpen
		if _, err := t.Stat("each"); err != nil {
			p.door = Plain // the root is a door itself
		}
	}
	if p.door == PID && p.name == "" {
		return fmt.Errorf("--door pid: %s is a device file, want the directory of a mount", p.target)
	}
	e, err := t.Stat(p.device(os.Getpid()))
	if err != nil {
		return fmt.Errorf("no device: %w", err)
	}
	if e.Mode.IsDir() {
		return fmt.Errorf("%s is a directory, want the device full_ex", e.Name)
	}
	return target.RefuseOrdinary(t, p.device(os.Getpid()))
}

// look finds out what a path does to calls.
func (p *place) look() error {
	file := filepath.Join(p.target.Path(), p.device(os.Getpid()))
	if err := unix.Access(file, unix.R_OK|unix.W_OK); err != nil {
		return fmt.Errorf("%s: %w; checking needs to read and write it", file, err)
	}
	switch fileSystem(file) {
	case fuse:
		p.traits.NoEmptyCalls = kernelEmpty
	case v9fs:
		p.traits.NoEmptyCalls = kernelEmpty
		if p.door == Plain && p.traits.EachOpen == "" {
			p.traits.OneClient = oneUser
		}
		if losesLongReads() {
			p.traits.LongReads = keptSize
		}
	}
	return nil
}
