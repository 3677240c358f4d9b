package fusefs

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"
)

// processOf returns the process (thread group) of a thread. FUSE reports threads. The
// result is the zero process for a thread that has ended. It is the same for thread 0,
// which stands for all threads of other pid namespaces. The error says why an existing
// thread cannot be looked at.
func processOf(thread uint32) (process, error) {
	if thread == 0 {
		return process{}, nil
	}
	p, err := lookUp(thread)
	if err != nil && errors.Is(unix.Kill(int(thread), 0), unix.ESRCH) {
		return process{}, nil
	}
	return p, err
}

// lookUp finds the process of a thread in the field Tgid of /proc/N/status (proc(5)).
func lookUp(thread uint32) (process, error) {
	status, err := readStatus(thread)
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, os.ErrPermission) {
		err = fmt.Errorf("%w: /proc hides it (mount option hidepid)", err)
	}
	if err != nil {
		return process{}, err
	}
	number, err := strconv.ParseUint(status.field("Tgid"), 10, 32)
	if err != nil {
		return process{}, fmt.Errorf("field Tgid of /proc/%d/status: %w", thread, err)
	}
	birth, err := birthOf(int(number))
	return process{number: uint32(number), birth: birth}, err
}

// birthOf returns a value that differs between processes that had the same process number.
// It is the inode of the pidfd, or the start time before Linux 6.9, where all pidfds have
// the same inode.
func birthOf(number int) (uint64, error) {
	if hasPidfs() {
		return pidfdInode(number)
	}
	return startTime(number)
}

// hasPidfs reports whether each process has a pidfd inode of its own (fs/pidfs.c).
var hasPidfs = sync.OnceValue(func() bool {
	fd, err := unix.PidfdOpen(os.Getpid(), 0)
	if err != nil {
		return false
	}
	defer func() { _ = unix.Close(fd) }() // nothing was written
	var stat unix.Statfs_t
	return unix.Fstatfs(fd, &stat) == nil && int64(stat.Type) == unix.PID_FS_MAGIC
})

func pidfdInode(number int) (uint64, error) {
	fd, err := unix.PidfdOpen(number, 0)
	if err != nil {
		return 0, fmt.Errorf("pidfd of process %d: %w", number, err)
	}
	defer func() { _ = unix.Close(fd) }() // nothing was written
	var stat unix.Stat_t
	if err := unix.Fstat(fd, &stat); err != nil {
		return 0, fmt.Errorf("stat pidfd of process %d: %w", number, err)
	}
	return stat.Ino, nil
}

// startTime returns when a process began, in clock ticks since the machine's start:
// field 22 of /proc/N/stat (proc(5)). Field 2, the name, may contain any character.
func startTime(number int) (uint64, error) {
	path := "/proc/" + strconv.Itoa(number) + "/stat"
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	const afterName = 22 - 3
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(fields) <= afterName {
		return 0, fmt.Errorf("%s: no start time in it", path)
	}
	return strconv.ParseUint(string(fields[afterName]), 10, 64)
}
