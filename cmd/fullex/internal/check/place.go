package check

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"sync/atomic"

	"fullex/cmd/fullex/internal/target"
)

// place is where the device is at a target.
type place struct {
	target target.Name
	name   string // of the device file; "": the target is the device file
	door   Door
	traits Traits
}

// device returns the path of the device within the target, for the client with that number.
func (p place) device(number int) string {
	switch {
	case p.name == "":
		return ""
	case p.door == PID:
		return path.Join("pid", strconv.Itoa(number), p.name)
	case p.door == Each:
		return path.Join("each", p.name)
	}
	return p.name
}

// Reasons in results.
const (
	eachOpen       = "each open is a client of its own at this door"
	oneUser        = "a 9p mount tells the server the user, not the process (see --door)"
	kernelEmpty    = "the kernel itself answers calls of 0 bytes at a mount and never sends them"
	opensOwn       = "the contract gives each open a deque of its own"
	opensUnchecked = "the contract does not say what a second open gets"
	accessModeOnly = "over 9P this client sends the access mode only"
	keptSize       = "Linux 6.8 and later would lose the value of a read of more than 4 bytes that begins before the end of what it believes is written"
)

// Client is one client of the device: a process or a connection. It is safe for
// concurrent use.
type Client struct {
	target.Opener
	Device string // the path to open
	Traits Traits
	place  place // of the device, for the children of the client
}

// At returns a function for [Run] that starts clients of the device at a target. start
// starts a client of the target. At uses one to examine the device, and closes it. At
// returns an error if there can be no clients of the device.
func At(name target.Name, start func() (target.Target, error), door Door) (func() (Client, error), error) {
	if e, _ := name.Endpoint(); e.IsInherited() {
		return nil, fmt.Errorf("%s is one connection, and checking needs several", name)
	}
	t, err := start()
	if err != nil {
		return nil, err
	}
	p := place{target: name, name: t.Device(), door: door}
	if err := errors.Join(p.find(t), t.Close()); err != nil {
		return nil, err
	}
	var started atomic.Int32
	return func() (Client, error) {
		t, err := start()
		if err != nil {
			return Client{}, err
		}
		return p.client(t, os.Getpid()+int(started.Add(1))-1), nil
	}, nil
}

// client returns a Client for o, at the path for its number. The number of a process is its
// process ID. Connections get different numbers, because a server may see all connections of
// a process as one client.
func (p place) client(o target.Opener, number int) Client {
	if process, ok := o.(interface{ PID() int }); ok {
		number = process.PID()
	}
	c := Client{Opener: o, Device: p.device(number), Traits: p.traits, place: p}
	c.Traits.Path = filepath.Join("/", c.Device)
	if _, remote := p.target.Endpoint(); !remote {
		c.Traits.Path = filepath.Join(p.target.Path(), c.Device)
	}
	return c
}

// find chooses the door, checks the device and sets the traits of the way to it.
func (p *place) find(t target.Target) error {
	if p.door == "" {
		p.door = Plain
	}
	if p.door == Each {
		p.traits.EachOpen = eachOpen
		if _, err := t.Stat("each"); err != nil {
			p.door = Plain // the target itself must be that door
		}
	}
	if p.door == PID && p.name == "" {
		return fmt.Errorf("--door pid: %s is a device file, want the directory of a mount", p.target)
	}
	device := p.device(os.Getpid())
	e, err := t.Stat(device)
	if err != nil {
		return fmt.Errorf("no device: %w", err)
	}
	if e.Mode.IsDir() {
		return fmt.Errorf("%s is a directory, want the device full_ex", e.Name)
	}
	m, ok := t.(target.Mounted)
	if !ok {
		p.traits.NoFlags = accessModeOnly
		return nil
	}
	if err := target.RefuseOrdinary(m, device); err != nil {
		return err
	}
	return p.look(m, device)
}

// look sets the traits of a device at a path.
func (p *place) look(m target.Mounted, device string) error {
	on, err := m.Nature(device)
	switch {
	case err != nil:
		return err
	case on.Refused != 0:
		return fmt.Errorf("%s: %w; checking needs to read and write it", on.Path, on.Refused)
	}
	if on.FUSE || on.V9FS {
		p.traits.NoEmptyCalls = kernelEmpty
	}
	if on.V9FS && p.door == Plain && p.traits.EachOpen == "" {
		p.traits.OneClient = oneUser
	}
	if on.LosesLongReads {
		p.traits.LongReads = keptSize
	}
	return nil
}
