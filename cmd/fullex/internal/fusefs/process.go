package fusefs

import (
	"bytes"
	"os"
	"strconv"
)

// processOf returns the process (thread group) of a thread, which is what FUSE
// tells, from the field Tgid of /proc/N/status (proc(5)). It is 0 for a thread of
// another pid namespace, and the thread's own number for one that is gone.
func processOf(thread uint32) uint32 {
	if thread == 0 {
		return 0
	}
	status, err := os.ReadFile("/proc/" + strconv.FormatUint(uint64(thread), 10) + "/status")
	if err != nil {
		return thread
	}
	_, rest, ok := bytes.Cut(status, []byte("\nTgid:"))
	if !ok {
		return thread
	}
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	n, err := strconv.ParseUint(string(bytes.TrimSpace(line)), 10, 32)
	if err != nil {
		return thread
	}
	return uint32(n)
}

// seesProcesses says whether /proc is that of this process's pid namespace: only
// then are the numbers in it those that FUSE tells.
func seesProcesses() bool {
	self, err := os.Readlink("/proc/self")
	return err == nil && self == strconv.Itoa(os.Getpid())
}

// warnUnseen tells, once a user, that the kernel names no process for his opens.
func (m *Mount) warnUnseen(uid uint32) {
	m.mu.Lock()
	before := m.unseen[uid]
	m.unseen[uid] = true
	m.mu.Unlock()
	if !before {
		m.log.Warn("a process of another pid namespace: each of its opens is a client of its own", "uid", uid)
	}
}
