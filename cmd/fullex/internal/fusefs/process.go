package fusefs

import (
	"bytes"
	"os"
	"strconv"
)

// threadStatus is the text of /proc/N/status (proc(5)).
type threadStatus []byte

func readStatus(thread uint32) (threadStatus, error) {
	return os.ReadFile("/proc/" + strconv.FormatUint(uint64(thread), 10) + "/status")
}

// field returns the value of a field, or "" if there is no such field.
func (s threadStatus) field(name string) string {
	_, rest, _ := bytes.Cut(s, []byte("\n"+name+":"))
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	return string(bytes.TrimSpace(line))
}

// seesProcesses reports whether /proc belongs to this process's pid namespace. Only then
// are its numbers those that FUSE reports.
func seesProcesses() bool {
	self, err := os.Readlink("/proc/self")
	return err == nil && self == strconv.Itoa(os.Getpid())
}
