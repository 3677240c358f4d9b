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
