package process

import (
	"fmt"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// attributes lets a server end with this program, however that ends, and keeps
// the terminal's signals from it, so that it is not gone before it is stopped.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}

// CPU returns the user and system time that all threads of the process ever
// took, as exactly as the scheduler knows it: the times in /proc/PID/stat are
// whole ticks.
func (p *Process) CPU() (time.Duration, error) {
	// The clock of another process (clock_getcpuclockid(3)): its number,
	// inverted, above CPUCLOCK_SCHED (include/linux/posix-timers.h).
	const scheduler = 2
	clock := int32(^p.cmd.Process.Pid)<<3 | scheduler
	var t unix.Timespec
	if err := unix.ClockGettime(clock, &t); err != nil {
		return 0, fmt.Errorf("read the CPU clock of %s: %w", p.Name, err)
	}
	return time.Duration(t.Nano()), nil
}
