package upgrade

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// execute replaces the running program by program. The new program gets the descriptors
// and one more, of the file memory with the state. execute returns only if that fails, and
// then undoes what it changed.
func execute(program, memory *os.File, descriptors []int) error {
	if _, err := memory.Seek(0, 0); err != nil {
		return fmt.Errorf("rewind the state: %w", err)
	}
	state, err := unix.FcntlInt(memory.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("duplicate the state: %w", err)
	}
	env := append(environment(), fmt.Sprintf("%s=%d", stateVariable, state))
	descriptors = append(descriptors, state)

	runtime.LockOSThread() // exec keeps the signal mask of this thread
	defer runtime.UnlockOSThread()
	var before unix.Sigset_t
	if err := unix.PthreadSigmask(unix.SIG_BLOCK, setOf(unix.SIGUSR2), &before); err != nil {
		return errors.Join(fmt.Errorf("block a signal: %w", err), unix.Close(state))
	}
	syscall.ForkLock.Lock() // a child that starts now would inherit the descriptors
	for i, fd := range descriptors {
		if err = setCloseOnExec(fd, false); err != nil {
			err = fmt.Errorf("keep descriptor %d (%d of %d): %w", fd, i+1, len(descriptors), err)
			break
		}
	}
	if err == nil {
		err = fmt.Errorf("execute the new program: %w", syscall.Exec(byDescriptor(program), os.Args, env))
	}
	for _, fd := range descriptors {
		_ = setCloseOnExec(fd, true) // it was set before
	}
	syscall.ForkLock.Unlock()
	return errors.Join(err, unix.PthreadSigmask(unix.SIG_SETMASK, &before, nil), unix.Close(state))
}

func setCloseOnExec(fd int, on bool) error {
	flag := 0
	if on {
		flag = unix.FD_CLOEXEC
	}
	_, err := unix.FcntlInt(uintptr(fd), unix.F_SETFD, flag)
	return err
}

// setOf returns the set that contains only the signal s.
func setOf(s syscall.Signal) *unix.Sigset_t {
	var set unix.Sigset_t
	const bits = 64 // a word of the set, on the machines that fullex runs on
	set.Val[(int(s)-1)/bits] = 1 << ((int(s) - 1) % bits)
	return &set
}
