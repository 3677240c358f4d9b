package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/hugelgupf/p9/linux"
	"github.com/hugelgupf/p9/p9"
	"github.com/urfave/cli/v2"

	"fullex/device"
	"fullex/device/contract"
	"fullex/p9srv"
	"fullex/p9srv/wire"
)

func demoCommand() *cli.Command {
	return &cli.Command{
		Name:  "demo",
		Usage: "show the device at work, without a mount",
		Description: "Starts a server in this process, and a 9P client that makes the calls of a whole\n" +
			"session. Prints each call, its result, and the deque after it.\n\n" +
			"    fullex demo",
		OnUsageError: oneLine,
		Action: func(c *cli.Context) error {
			if err := noArguments(c); err != nil {
				return err
			}
			return demo(c.App.Writer)
		},
	}
}

// demo serves the device within this process and makes the calls of the tutorial at it.
func demo(w io.Writer) (err error) {
	kernel, err := kernelWith([]string{"full_ex"}, planting{})
	if err != nil {
		return err
	}
	server := &p9srv.Server{Kernel: kernel}
	conn, err := server.Connect()
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer func() {
		err = errors.Join(err, conn.Close())
		if left := kernel.Sessions(); left > 0 {
			err = errors.Join(err, fmt.Errorf("%d sessions left", left))
		}
	}()
	client, err := p9.NewClient(conn)
	if err != nil {
		return fmt.Errorf("agree on a version: %w", err)
	}
	root, err := client.Attach("")
	if err != nil {
		return fmt.Errorf("attach: %w", err)
	}
	d := &demonstration{w: w, root: root, kernel: kernel}
	for _, step := range tutorial {
		if err := d.run(step); err != nil {
			return err
		}
	}
	return root.Close()
}

// demonstration is a client that prints its calls.
type demonstration struct {
	w      io.Writer
	root   p9.File
	kernel *device.Kernel
	file   p9.File // the open device file, or nil
}

// step is one call of the demonstration and its expected result.
type step struct {
	note string // printed before the call, or ""
	call string // open, close, capacity, push, read, write
	arg  int    // the capacity, the value, or the number of bytes
	want error  // nil: success
}

func (d *demonstration) run(s step) error {
	if s.note != "" {
		fmt.Fprintf(d.w, "\n# %s\n", s.note)
	}
	call, result, err := d.do(s)
	if !errors.Is(err, s.want) {
		return fmt.Errorf("%s: got error %v, want %v", call, err, s.want)
	}
	var errno linux.Errno
	if errors.As(err, &errno) {
		result = contract.ErrnoName(wire.Local(errno))
	}
	fmt.Fprintf(d.w, "%-28s = %-22s %s\n", call, result, d.picture())
	return nil
}

// do makes the call. It returns the call and its result as they are printed.
func (d *demonstration) do(s step) (call, result string, err error) {
	switch s.call {
	case "open":
		return "open(\"/full_ex\", O_RDWR)", "ok", d.open()
	case "close":
		return "close()", "ok", d.close()
	case "read":
		p := make([]byte, s.arg)
		n, err := d.file.ReadAt(p, 0)
		if n < device.ValueSize {
			return fmt.Sprintf("read(%d bytes)", s.arg), fmt.Sprint(n), err
		}
		return fmt.Sprintf("read(%d bytes)", s.arg), fmt.Sprintf("%d: value %d", n, int32(binary.LittleEndian.Uint32(p))), err
	case "capacity":
		n, err := d.file.WriteAt([]byte{byte(s.arg)}, 0)
		return fmt.Sprintf("write(byte %d)", s.arg), fmt.Sprint(n), err
	case "push":
		n, err := d.file.WriteAt(binary.LittleEndian.AppendUint32(nil, uint32(int32(s.arg))), 0)
		return fmt.Sprintf("write(int32 %d)", s.arg), fmt.Sprint(n), err
	default:
		n, err := d.file.WriteAt(make([]byte, s.arg), 0)
		return fmt.Sprintf("write(%d bytes)", s.arg), fmt.Sprint(n), err
	}
}

// open opens the device file. It is also called while the file is open, and then must fail.
func (d *demonstration) open() error {
	_, file, err := d.root.Walk([]string{"full_ex"})
	if err != nil {
		return err
	}
	if _, _, err := file.Open(p9.ReadWrite); err != nil {
		return errors.Join(err, file.Close())
	}
	d.file = file
	return nil
}

func (d *demonstration) close() error {
	file := d.file
	d.file = nil
	return file.Close()
}

// picture draws the deque of the server's session.
func (d *demonstration) picture() string {
	sessions := d.kernel.All()
	if len(sessions) == 0 {
		return "(no session)"
	}
	values, capacity := sessions[0].Values()
	if capacity == 0 {
		return "(no capacity yet)"
	}
	cells := make([]string, capacity)
	for i := range cells {
		cells[i] = "   "
		if i < len(values) {
			cells[i] = fmt.Sprintf("%3d", values[i])
		}
	}
	return "|" + strings.Join(cells, "|") + "|"
}
