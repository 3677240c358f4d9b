package fusefs

import (
	"os"
	"runtime"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestProcessOfAThread(t *testing.T) {
	assert.EqualValues(t, os.Getpid(), processOf(uint32(os.Getpid())))
	for range 2 { // one of two threads at least is not the first, whose number is the process's
		id, end := lockedThread()
		defer end()
		assert.EqualValues(t, os.Getpid(), processOf(id))
	}
	assert.Zero(t, processOf(0), "of another pid namespace")
	assert.EqualValues(t, 4_194_000_000, processOf(4_194_000_000), "gone")
	assert.Equal(t, []string{"each", "full_ex"}, door{name: "full_ex"}.path())
	assert.Equal(t, []string{"pid", "7", "full_ex"}, door{process: 7, name: "full_ex"}.path())
}

// lockedThread starts a goroutine with a thread of its own, which end ends.
func lockedThread() (id uint32, end func()) {
	thread, ended := make(chan int), make(chan struct{})
	go func() {
		runtime.LockOSThread() // and never unlocked
		thread <- syscall.Gettid()
		<-ended
	}()
	return uint32(<-thread), func() { close(ended) }
}
