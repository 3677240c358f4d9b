//go:build linux

package vhostuser

import (
	"bytes"
	"errors"
	"fmt"
	"math/bits"
	"os"
	"strconv"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// keptFDs is how many descriptors a connection may keep: its socket, the eventfds for kick,
// call and error, and the socket of SET_BACKEND_REQ_FD.
const keptFDs = 5

// Resources are a process's resources that connections use.
type Resources struct {
	Mappings    int    // of guest memory
	Bytes       uint64 // of address space, in mappings
	Descriptors int    // kept, or received and not closed yet
}

// Budget limits the resources that its connections use together. The rest is left to the
// process itself: the Go runtime ends a process that cannot map more memory. It is safe for
// concurrent use.
type Budget struct {
	mu   sync.Mutex // guards left
	left Resources
}

// NewBudget returns a budget with all of some resources left.
func NewBudget(all Resources) *Budget { return &Budget{left: all} }

// processBudget returns the budget of devices without their own: one half of the process's
// resources.
var processBudget = sync.OnceValue(func() *Budget {
	return NewBudget(Resources{
		Mappings:    mappingLimit() / 2,
		Bytes:       addressSpace() / 2,
		Descriptors: int(min(resourceLimit(unix.RLIMIT_NOFILE), 1<<30) / 2),
	})
})

// mappingLimit returns vm.max_map_count (proc_sys_vm(5)), or the kernel's default if that
// cannot be read.
func mappingLimit() int {
	const fallback = 65530
	text, err := os.ReadFile("/proc/sys/vm/max_map_count")
	if err != nil {
		return fallback
	}
	n, err := strconv.Atoi(string(bytes.TrimSpace(text)))
	if err != nil {
		return fallback
	}
	return n
}

// addressSpace returns how many bytes the process may map. The kernel places mappings near
// the top of the address space, so the address of one page shows its size.
func addressSpace() uint64 {
	limit := resourceLimit(unix.RLIMIT_AS)
	page, err := unix.Mmap(-1, 0, os.Getpagesize(), unix.PROT_NONE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		return min(limit, maxMemory)
	}
	top := uint64(uintptr(unsafe.Pointer(unsafe.SliceData(page))))
	_ = unix.Munmap(page)
	return min(limit, 1<<bits.Len64(top))
}

// resourceLimit returns the soft limit (getrlimit(2)).
func resourceLimit(resource int) uint64 {
	var limit unix.Rlimit
	if err := unix.Getrlimit(resource, &limit); err != nil {
		return 0 // not reached: the arguments are right
	}
	return limit.Cur
}

// takeMapping takes one mapping and its size, in bytes.
func (b *Budget) takeMapping(size uint64) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.left.Mappings == 0:
		return errors.New("all machines together have as many mappings as this process may give them")
	case size > b.left.Bytes:
		return fmt.Errorf("all machines together have as much memory as this process may map for them, %d bytes are left", b.left.Bytes)
	}
	b.left.Mappings--
	b.left.Bytes -= size
	return nil
}

func (b *Budget) returnMapping(size uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left.Mappings++
	b.left.Bytes += size
}

// takeConn takes the descriptors that a connection may keep, keptFDs.
func (b *Budget) takeConn() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.left.Descriptors < keptFDs {
		return fmt.Errorf("all machines together have as many descriptors as this process may give them: %w", unix.EMFILE)
	}
	b.left.Descriptors -= keptFDs
	return nil
}

// takeReceived calls receive, and takes as many descriptors as that returns, even if fewer
// are left. It returns how many of them may be kept. The caller must close the others and
// return them to the budget. Until then receive is called with false and must receive none.
// receive must not wait.
func (b *Budget) takeReceived(receive func(may bool) int) (room int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	room = max(b.left.Descriptors, 0)
	b.left.Descriptors -= receive(b.left.Descriptors >= 0)
	return room
}

func (b *Budget) returnDescriptors(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left.Descriptors += n
}
