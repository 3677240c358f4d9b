//go:build linux

package vhostuser

import (
	"errors"
	"fmt"
	"math"
	"os"

	"golang.org/x/sys/unix"
)

const (
	// maxRegions is the most regions of guest memory. It is the answer to
	// GET_MAX_MEM_SLOTS.
	maxRegions = 64

	// maxMemory is the most bytes in all regions of a machine. So no front-end can use up
	// the Budget with sparse files.
	maxMemory = 1 << 42

	// regionSize is the size of a region's description in a message, in bytes.
	regionSize = 32
)

// errNoMemory refuses a ring before any memory is shared.
var errNoMemory = errors.New("no guest memory: QEMU needs -object memory-backend-memfd,id=mem,size=...,share=on with -machine memory-backend=mem")

// region is a part of guest memory (vhost-user.rst, "Memory region
// description"). Plain data.
type region struct {
	Guest  uint64 // address for the guest
	Size   uint64 // in bytes
	User   uint64 // address in the front-end's process
	Offset uint64 // in the file, in bytes
}

// readRegion reads a region from a message.
func readRegion(p []byte) region {
	return region{native.Uint64(p), native.Uint64(p[8:]), native.Uint64(p[16:]), native.Uint64(p[24:])}
}

func (r region) String() string {
	return fmt.Sprintf("region of %d bytes at %#x", r.Size, r.Guest)
}

// check returns an error for a region that is empty, or whose addresses wrap around.
func (r region) check() error {
	if r.Size == 0 {
		return errors.New("is empty")
	}
	for _, start := range []uint64{r.Guest, r.User, r.Offset} {
		if start > math.MaxUint64-r.Size {
			return errors.New("wraps around")
		}
	}
	return nil
}

// overlaps reports whether an address of the guest, or of the front-end, is in both regions.
func (r region) overlaps(s region) bool {
	guest := r.Guest < s.Guest+s.Size && s.Guest < r.Guest+r.Size
	user := r.User < s.User+s.Size && s.User < r.User+r.Size
	return guest || user
}

// mapping is a region that is mapped.
type mapping struct {
	region
	whole []byte // the mapped pages
	bytes []byte // the region's part of them
}

// memory is the guest memory that is shared with this process. Conn.mu is locked during each
// change and use, so memory in use is not unmapped.
type memory struct {
	budget   *Budget // limits the mappings
	mappings []mapping
}

// add maps a region of a file. The caller still owns the descriptor, and may close it.
func (m *memory) add(r region, fd int) error {
	if err := m.mayAdd(r); err != nil {
		return fmt.Errorf("%v %w", r, err)
	}
	mapped, err := m.mapRegion(r, fd)
	if err != nil {
		return fmt.Errorf("%v: %w", r, err)
	}
	m.mappings = append(m.mappings, mapped)
	return nil
}

func (m *memory) mayAdd(r region) error {
	if err := r.check(); err != nil {
		return err
	}
	if len(m.mappings) == maxRegions {
		return fmt.Errorf("is one too many, at most %d are allowed", maxRegions)
	}
	total := r.Size
	for i := range m.mappings {
		if m.mappings[i].overlaps(r) {
			return fmt.Errorf("overlaps the %v", m.mappings[i].region)
		}
		total += m.mappings[i].Size
	}
	if r.Size > maxMemory || total > maxMemory {
		return fmt.Errorf("is too large, %d bytes are allowed", uint64(maxMemory))
	}
	return nil
}

// mapRegion maps the pages that contain a region. The region must be within the file,
// because access after the file's end is SIGBUS.
func (m *memory) mapRegion(r region, fd int) (mapping, error) {
	page, err := filePage(r, fd)
	if err != nil {
		return mapping{}, err
	}
	start := r.Offset &^ (page - 1)
	end := (r.Offset + r.Size + page - 1) &^ (page - 1)
	if end < start || end-start > math.MaxInt || start > math.MaxInt64 {
		return mapping{}, errors.New("it is too large")
	}
	if err := m.budget.takeMapping(end - start); err != nil {
		return mapping{}, err
	}
	whole, err := unix.Mmap(fd, int64(start), int(end-start), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_NORESERVE)
	if err != nil {
		m.budget.returnMapping(end - start)
		return mapping{}, fmt.Errorf("map: %w", err)
	}
	from := r.Offset - start
	return mapping{region: r, whole: whole, bytes: whole[from : from+r.Size : from+r.Size]}, nil
}

// filePage checks the file of a region and returns the size of its pages in bytes. A mapping
// of huge pages begins and ends at a huge page (mmap(2)).
func filePage(r region, fd int) (uint64, error) {
	// Any other file may belong to a file server. That could delay a page for any time, and
	// with it a thread of this process in the middle of a copy. Only files in memory have
	// seals (fcntl(2)).
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_GET_SEALS, 0); err != nil {
		return 0, errors.New("its file is not a memfd, and not of tmpfs or hugetlbfs")
	}
	var stat unix.Stat_t
	if err := unix.Fstat(fd, &stat); err != nil {
		return 0, fmt.Errorf("look at the file: %w", err)
	}
	if stat.Mode&unix.S_IFMT != unix.S_IFREG {
		return 0, errors.New("its file is not a regular file")
	}
	if stat.Size < 0 || uint64(stat.Size) < r.Offset+r.Size {
		return 0, fmt.Errorf("it goes beyond the end of its file of %d bytes", stat.Size)
	}
	var fs unix.Statfs_t
	if err := unix.Fstatfs(fd, &fs); err != nil {
		return 0, fmt.Errorf("look at the file system: %w", err)
	}
	if int64(fs.Type) == unix.HUGETLBFS_MAGIC && fs.Bsize > 0 && fs.Bsize&(fs.Bsize-1) == 0 {
		return uint64(fs.Bsize), nil
	}
	return uint64(os.Getpagesize()), nil
}

// remove unmaps a region. The offset of r is not compared (vhost-user.rst,
// VHOST_USER_REM_MEM_REG).
func (m *memory) remove(r region) error {
	for i := range m.mappings {
		s := &m.mappings[i]
		if s.Guest == r.Guest && s.Size == r.Size && s.User == r.User {
			m.unmap(s)
			m.mappings = append(m.mappings[:i], m.mappings[i+1:]...)
			return nil
		}
	}
	return fmt.Errorf("%v is not known", r)
}

// free unmaps all regions.
func (m *memory) free() {
	for i := range m.mappings {
		m.unmap(&m.mappings[i])
	}
	m.mappings = nil
}

// unmap unmaps a mapping. munmap(2) cannot fail for a mapping that exists.
func (m *memory) unmap(s *mapping) {
	size := uint64(len(s.whole))
	_ = unix.Munmap(s.whole)
	m.budget.returnMapping(size)
}

// piece returns the bytes at a guest address, at most size and at most to the end of the
// region. The result is empty if the address is not in a region.
func (m *memory) piece(guest uint64, size uint64) []byte {
	for i := range m.mappings {
		s := &m.mappings[i]
		if at := guest - s.Guest; guest >= s.Guest && at < s.Size {
			return s.bytes[at : at+min(size, s.Size-at)]
		}
	}
	return nil
}

// has reports whether all bytes of a range are in guest memory. The range may be in more
// than one region.
func (m *memory) has(guest, size uint64) bool {
	if guest > math.MaxUint64-size {
		return false
	}
	for size > 0 {
		n := uint64(len(m.piece(guest, size)))
		if n == 0 {
			return false
		}
		guest, size = guest+n, size-n
	}
	return true
}

// read copies guest memory to p and returns how many bytes it has copied.
func (m *memory) read(p []byte, guest uint64) int {
	done := 0
	for done < len(p) {
		n := copy(p[done:], m.piece(guest+uint64(done), uint64(len(p)-done)))
		if n == 0 {
			break
		}
		done += n
	}
	return done
}

// write copies p to guest memory and returns how many bytes it has copied.
func (m *memory) write(guest uint64, p []byte) int {
	done := 0
	for done < len(p) {
		n := copy(m.piece(guest+uint64(done), uint64(len(p)-done)), p[done:])
		if n == 0 {
			break
		}
		done += n
	}
	return done
}

// user returns the bytes at an address of the front-end. They must be in one region.
func (m *memory) user(addr, size uint64) ([]byte, error) {
	if len(m.mappings) == 0 {
		return nil, errNoMemory
	}
	for i := range m.mappings {
		s := &m.mappings[i]
		if at := addr - s.User; addr >= s.User && at < s.Size && size <= s.Size-at {
			return s.bytes[at : at+size : at+size], nil
		}
	}
	return nil, fmt.Errorf("%d bytes at %#x are not in a region", size, addr)
}
