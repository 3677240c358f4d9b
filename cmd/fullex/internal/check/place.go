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

// Client is one client of the device: a process or a connection. It is safe for
// concurrent use.
type Client struct {
	target.Opener
	Device string // the path to open
	Traits Traits
	place  place // where a child of it has the device
}

// At returns what starts clients of the device at a target, for [Run]. start starts a
// client of the target; the first one looks at the device. The error is why there can be
// none.
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

// client returns a client that is here. At the door pid that of a process has its number,
// and that of a connection one which the server, if it takes all of a process for one
// client, has not seen.
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

// find sees to the door, that the device is there, and what the way to it does to calls.
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

// look finds out what a path does to calls.
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
