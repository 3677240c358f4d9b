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

// Monitor is a connection to QEMU's monitor (QEMU's docs/interop/qmp-spec.rst,
// commands in its qapi/*.json). It is for one goroutine. A call that waits ends
// with an error when QEMU ends.
type Monitor struct {
	conn   net.Conn
	in     *json.Decoder
	events []message // that came and were not awaited yet
}

// message is what QEMU sends: an answer or an event. Its greeting is neither.
type message struct {
	Return json.RawMessage
	Error  *struct{ Desc string }
	Event  string
	Data   struct{ Device string } // the id; other events have other data
}

// monitorArguments lead the monitor to the descriptor that newMonitor returns,
// as the first one after those that every program has. Unlike a path, a
// socket pair is there from the start, and its other end closes with QEMU.
func monitorArguments() []string {
	return []string{"-chardev", "socket,id=monitor,fd=3", "-qmp", "chardev:monitor"}
}

// newMonitor returns a monitor and the end of it that QEMU gets.
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

// socketpair returns two sockets that no other program gets.
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

// enable must come before all other commands.
func (m *Monitor) enable() error { return m.Execute("qmp_capabilities", nil) }

// Execute runs a command. An error of QEMU's has its text.
func (m *Monitor) Execute(command string, arguments map[string]any) error {
	_, err := m.query(command, arguments)
	return err
}

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

// Await waits for an event that was not awaited before, such as "RESET".
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
