package vm

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"syscall"
)

// Monitor is a connection to QEMU's monitor (QEMU's docs/interop/qmp-spec.rst, with commands
// in qapi/*.json). It is for one goroutine. If QEMU ends, a call that waits returns an error.
type Monitor struct {
	conn   net.Conn
	in     *json.Decoder
	events []message // received and not yet returned by Await
}

// message is what QEMU sends: an answer, an event, or the greeting, which is neither.
type message struct {
	Return json.RawMessage
	Error  *struct{ Desc string }
	Event  string
	Data   struct{ Device string } // a device's ID, if the event has one
}

// monitorArguments are arguments of QEMU for a monitor on descriptor 3. That descriptor is
// the end that newMonitor returns for QEMU. A socket pair is better than a path, because it
// exists from the start and QEMU's end closes with QEMU.
func monitorArguments() []string {
	return []string{"-chardev", "socket,id=monitor,fd=3", "-qmp", "chardev:monitor"}
}

// newMonitor returns a monitor and, as far, the end of its connection for QEMU.
func newMonitor() (m *Monitor, far *os.File, err error) {
	pair, err := socketpair()
	if err != nil {
		return nil, nil, fmt.Errorf("make a socket for the monitor: %w", err)
	}
	near, far := os.NewFile(uintptr(pair[0]), "monitor"), os.NewFile(uintptr(pair[1]), "monitor of QEMU")
	conn, err := net.FileConn(near)
	if err := errors.Join(err, near.Close()); err != nil { // conn is a copy
		return nil, nil, errors.Join(err, far.Close())
	}
	return &Monitor{conn: conn, in: json.NewDecoder(conn)}, far, nil
}

// socketpair returns two connected sockets that programs started meanwhile do not inherit.
func socketpair() (pair [2]int, err error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if pair, err = syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0); err != nil {
		return pair, err
	}
	for _, fd := range pair {
		syscall.CloseOnExec(fd)
	}
	return pair, nil
}

// enable lets QEMU accept commands. It must be the first command.
func (m *Monitor) enable() error { return m.Execute("qmp_capabilities", nil) }

// Execute runs a command. If QEMU refuses it, the error has QEMU's text.
func (m *Monitor) Execute(command string, arguments map[string]any) error {
	_, err := m.query(command, arguments)
	return err
}

// query runs a command and returns what QEMU returns for it. It keeps events that come before.
func (m *Monitor) query(command string, arguments map[string]any) (json.RawMessage, error) {
	request := map[string]any{"execute": command}
	if arguments != nil {
		request["arguments"] = arguments
	}
	if err := json.NewEncoder(m.conn).Encode(request); err != nil {
		return nil, fmt.Errorf("send %s to QEMU: %w", command, err)
	}
	for {
		answer, err := m.receive()
		switch {
		case err != nil:
			return nil, fmt.Errorf("%s: %w", command, err)
		case answer.Event != "":
			m.events = append(m.events, answer)
		case answer.Error != nil:
			return nil, fmt.Errorf("%s: QEMU says: %s", command, answer.Error.Desc)
		case answer.Return != nil:
			return answer.Return, nil
		}
	}
}

func (m *Monitor) receive() (message, error) {
	var received message
	if err := m.in.Decode(&received); err != nil {
		return received, fmt.Errorf("read from QEMU: %w", err)
	}
	return received, nil
}

// Await waits for an event, such as "RESET". It returns at once if the event has come since
// the start and no earlier Await has returned it.
func (m *Monitor) Await(event string) error {
	return m.await(event, func(e message) bool { return e.Event == event })
}

func (m *Monitor) await(what string, is func(message) bool) error {
	for {
		if i := slices.IndexFunc(m.events, is); i >= 0 {
			m.events = slices.Delete(m.events, i, i+1)
			return nil
		}
		next, err := m.receive()
		if err != nil {
			return fmt.Errorf("wait for %s: %w", what, err)
		}
		if next.Event != "" {
			m.events = append(m.events, next)
		}
	}
}
