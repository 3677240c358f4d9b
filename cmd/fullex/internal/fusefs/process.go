package fusefs

import (
	"bytes"
	"errors"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// isEnding says whether a thread has died, or will before it runs any more of its
// program. A signal that ends a process is SIGKILL in all of its threads
// (kernel/signal.c, complete_signal), but if it dumps core: that one waits, as it
// is, until a thread has left the kernel.
func isEnding(thread uint32) bool {
	status, err := readStatus(thread)
	if err != nil {
		// /proc may hide it (hidepid).
		return errors.Is(unix.Kill(int(thread), 0), unix.ESRCH)
	}
	return status.isEnding()
}

func (s threadStatus) isEnding() bool {
	if state := s.field("State"); state != "" && strings.Contains("ZX", state[:1]) {
		return true
	}
	pending := s.signals("SigPnd") | s.signals("ShdPnd")
	if pending&signalSet(unix.SIGKILL) != 0 {
		return true
	}
	withoutEffect := s.signals("SigBlk") | s.signals("SigIgn") | s.signals("SigCgt")
	return pending&dumpCore&^withoutEffect != 0 && s.field("TracerPid") == "0" // a debugger may take it away
}

// dumpCore are the signals that end a process so (signal(7)).
var dumpCore = signalSet(unix.SIGQUIT, unix.SIGILL, unix.SIGTRAP, unix.SIGABRT, unix.SIGBUS, unix.SIGFPE, unix.SIGSEGV, unix.SIGXCPU, unix.SIGXFSZ, unix.SIGSYS)

// signalSet is a set as /proc has it: signal 1 is bit 0.
func signalSet(signals ...unix.Signal) (set uint64) {
	for _, s := range signals {
		set |= 1 << (s - 1)
	}
	return set
}

// threadStatus is the text of /proc/N/status (proc(5)).
type threadStatus []byte

func readStatus(thread uint32) (threadStatus, error) {
	return os.ReadFile("/proc/" + strconv.FormatUint(uint64(thread), 10) + "/status")
}

// field returns one by its name, "" if it is not there.
func (s threadStatus) field(name string) string {
	_, rest, _ := bytes.Cut(s, []byte("\n"+name+":"))
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	return string(bytes.TrimSpace(line))
}

// signals returns a field that is a set of them, empty if it is not there.
func (s threadStatus) signals(name string) uint64 {
	set, err := strconv.ParseUint(s.field(name), 16, 64)
	if err != nil {
		return 0
	}
	return set
}

// seesProcesses says whether /proc is that of this process's pid namespace: only
// then are the numbers in it those that FUSE tells.
func seesProcesses() bool {
	self, err := os.Readlink("/proc/self")
	return err == nil && self == strconv.Itoa(os.Getpid())
}
