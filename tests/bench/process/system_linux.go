package process

import (
	"fmt"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// attributes returns the attributes of a server. It ends with this program, however that
// ends. Signals of the terminal do not reach it, so that it does not end before Stop.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}

// CPU returns the user and system time of all threads of the process since its start. It is
// as exact as the scheduler's: the times in /proc/PID/stat are whole ticks.
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
