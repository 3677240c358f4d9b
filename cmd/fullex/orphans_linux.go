package main

import (
	"errors"
	"os"
	"os/signal"
	"runtime"

	"golang.org/x/sys/unix"
)

// isFirst reports whether this is the first process of a pid namespace, such as a container.
// Processes whose parent has ended become its children.
var isFirst = os.Getpid() == 1

// init keeps the main goroutine on the main thread, to which the kernel gives the
// orphans (kernel/exit.c, find_new_reaper).
func init() {
	if isFirst {
		runtime.LockOSThread()
	}
}

// withOrphans calls work and returns its result. In a first process work runs on other
// threads, and this thread waits for orphans that end, which would stay as zombies. It does
// not wait for the children that work starts: these belong to the other threads.
func withOrphans(work func() int) int {
	if !isFirst {
		return work()
	}
	ends := make(chan os.Signal, 1)
	signal.Notify(ends, unix.SIGCHLD)
	status := make(chan int, 1)
	go func() { status <- work() }()
	for {
		reap()
		select {
		case <-ends:
		case s := <-status:
			return s
		}
	}
}

// reap takes the status of each child of this thread that has ended.
func reap() {
	for {
		pid, err := unix.Wait4(-1, nil, unix.WNOHANG|unix.WNOTHREAD|unix.WALL, nil)
		if pid <= 0 && !errors.Is(err, unix.EINTR) {
			return
		}
	}
}
