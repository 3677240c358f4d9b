package endpoint

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// askSocket returns the user that connected a unix socket, and the process if wantProcess is
// set (SO_PEERCRED, unix(7)). name is the name of the transport, for Peer.Where.
func askSocket(name string, c *net.UnixConn, wantProcess bool) (p Peer) {
	unknown := func(err error) Peer { return Peer{Where: name + ", peer unknown: " + err.Error()} }
	raw, err := c.SyscallConn()
	if err != nil {
		return unknown(fmt.Errorf("reach the socket: %w", err))
	}
	var credErr error
	err = raw.Control(func(fd uintptr) {
		var u *unix.Ucred
		if u, credErr = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED); credErr != nil {
			return
		}
		p = Peer{Where: fmt.Sprintf("%s uid=%d pid=%d", name, u.Uid, u.Pid), Here: int(u.Pid) == os.Getpid(), Vouched: true, UID: u.Uid}
		if wantProcess {
			p.Process = processName(int(fd), u)
		}
	})
	if err := errors.Join(err, credErr); err != nil {
		return unknown(fmt.Errorf("ask for the peer's credentials: %w", err))
	}
	return p
}

// processName identifies the peer's process by its number and start time. It returns "" if
// the process has ended or is in another pid namespace. The pidfd (SO_PEERPIDFD, Linux 6.5)
// proves that the number still belonged to the peer when the start time was read. Older
// kernels offer no proof.
func processName(fd int, u *unix.Ucred) string {
	if u.Pid <= 0 {
		return ""
	}
	start, ok := startTime(u.Pid)
	if !ok || !sameProcess(fd) {
		return ""
	}
	return fmt.Sprintf("unix uid=%d pid=%d start=%s", u.Uid, u.Pid, start)
}

// sameProcess reports whether the process that connected still lives. It returns true where
// the kernel cannot say.
func sameProcess(fd int) bool {
	pidfd, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PEERPIDFD)
	if errors.Is(err, unix.ENOPROTOOPT) {
		return true
	}
	if err != nil {
		return false
	}
	defer unix.Close(pidfd)
	return !errors.Is(unix.PidfdSendSignal(pidfd, 0, nil, 0), unix.ESRCH)
}

// startTime returns field 22 of /proc/PID/stat (proc(5)): the start of the process, in clock
// ticks since boot. The name in field 2 may contain spaces and parentheses, so startTime
// counts fields from the last ")".
func startTime(pid int32) (string, bool) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", false
	}
	i := bytes.LastIndexByte(stat, ')')
	if i < 0 {
		return "", false
	}
	const field22 = 22 - 3 // the first field after ")" is the third
	fields := bytes.Fields(stat[i+1:])
	if len(fields) <= field22 {
		return "", false
	}
	return string(fields[field22]), true
}
