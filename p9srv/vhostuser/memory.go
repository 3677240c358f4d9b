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
	// maxRegions is how many regions guest memory may have, the answer to
	// GET_MAX_MEM_SLOTS.
	maxRegions = 64

	// maxMemory is the most of a machine's regions together, in bytes, so that
	// no front-end uses up the Budget with empty files.
	maxMemory = 1 << 42

	// regionSize is that of a region in a message, in bytes.
	regionSize = 32
)

// errNoMemory is the answer to a ring without memory.
var errNoMemory = errors.New("no guest memory: QEMU needs -object memory-backend-memfd,id=mem,size=...,share=on with -machine memory-backend=mem")

// region is a part of guest memory (vhost-user.rst, "Memory region
// description"). Plain data.
type region struct {
	Guest  uint64 // address for the guest
	Size   uint64 // bytes
	User   uint64 // address in the front-end's process
	Offset uint64 // in the file, bytes
}

// readRegion reads a region from a message.
func readRegion(p []byte) region {
	return region{native.Uint64(p), native.Uint64(p[8:]), native.Uint64(p[16:]), native.Uint64(p[24:])}
}

func (r region) String() string {
	return fmt.Sprintf("region of %d bytes at %#x", r.Size, r.Guest)
}

// check refuses a region that wraps around.
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

// overlaps says whether guest or front-end could mean both with one address.
func (r region) overlaps(s region) bool {
	guest := r.Guest < s.Guest+s.Size && s.Guest < r.Guest+r.Size
	user := r.User < s.User+s.Size && s.User < r.User+r.Size
	return guest || user
}

// mapping is a region that is mapped.
type mapping struct {
	region
	whole []byte // as mapped
	bytes []byte // of the region
}

// memory is the guest's memory, as far as it is shared with us. Changed and
// used with Conn.mu held, so that nothing is unmapped while it is used.
type memory struct {
	budget   *Budget // that mappings are taken of
	mappings []mapping
}

// add maps a region of a file. The descriptor stays the caller's and is not
// needed any more afterwards.
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

// mapRegion maps a region, from whole page to whole page. The file must have
// all of it: access behind its end is SIGBUS.
func (m *memory) mapRegion(r region, fd int) (mapping, error) {
	page, err := filePage(r, fd)
	if err != nil {
		return mapping{}, err
	}
	start := r.Offset &^ (page - 1)
	end := (r.Offset + r.Size + page - 1) &^ (page - 1)
	if end < start || end-start > math.MaxInt || start > math.MaxInt64 {
		return mapping{}, errors.New("is too large")
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

// filePage looks at the file of a region and returns the size of its pages in
// bytes: mappings of huge pages begin and end at huge pages (mmap(2)).
func filePage(r region, fd int) (uint64, error) {
	// Memory of any other file may be a file server's, which could keep a page, and
	// a thread of this process in the middle of a copy, for as long as it likes.
	// Only memory has seals (fcntl(2)).
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_GET_SEALS, 0); err != nil {
		return 0, errors.New("is in no memfd and no file of tmpfs or hugetlbfs")
	}
	var stat unix.Stat_t
	if err := unix.Fstat(fd, &stat); err != nil {
		return 0, fmt.Errorf("look at the file: %w", err)
	}
	if stat.Mode&unix.S_IFMT != unix.S_IFREG {
		return 0, errors.New("is in no regular file")
	}
	if stat.Size < 0 || uint64(stat.Size) < r.Offset+r.Size {
		return 0, fmt.Errorf("reaches beyond the end of its file of %d bytes", stat.Size)
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

// remove unmaps a region. Its offset does not matter (vhost-user.rst,
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

// free unmaps everything.
func (m *memory) free() {
	for i := range m.mappings {
		m.unmap(&m.mappings[i])
	}
	m.mappings = nil
}

// unmap can fail on a mapping that is not ours only.
func (m *memory) unmap(s *mapping) {
	size := uint64(len(s.whole))
	_ = unix.Munmap(s.whole)
	m.budget.returnMapping(size)
}

// piece returns the bytes at a guest address up to the end of its region, at
// most size. It is empty if the address is in no region.
func (m *memory) piece(guest uint64, size uint64) []byte {
	for i := range m.mappings {
		s := &m.mappings[i]
		if at := guest - s.Guest; guest >= s.Guest && at < s.Size {
			return s.bytes[at : at+min(size, s.Size-at)]
		}
	}
	return nil
}

// has says whether guest memory has all the bytes, which may be in more than
// one region.
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

// read copies guest memory and returns how many bytes there were.
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

// write copies to guest memory and returns how many bytes there was room for.
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

// user returns the bytes at an address of the front-end, which must be in one
// region.
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
	return nil, fmt.Errorf("%d bytes at %#x are in no region", size, addr)
}
