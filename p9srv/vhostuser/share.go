//go:build linux

package vhostuser

import "fmt"

// tableHead is the size of what precedes the regions in SET_MEM_TABLE: a count and padding.
// regionHead is the size of the padding before the region in ADD_MEM_REG and REM_MEM_REG.
// Both are in bytes.
const (
	tableHead  = 8
	regionHead = 8
)

// setMemTableLocked replaces all of guest memory. After an error memory is as it was.
func (c *Conn) setMemTableLocked(m *message) error {
	if err := m.atLeast(tableHead); err != nil {
		return err
	}
	count := native.Uint32(m.payload)
	if count > maxRegions {
		return fmt.Errorf("%d regions, at most %d are allowed", count, maxRegions)
	}
	if int(count) != len(m.fds) {
		return fmt.Errorf("%d regions with %d descriptors", count, len(m.fds))
	}
	if err := m.atLeast(tableHead + int(count)*regionSize); err != nil {
		return err
	}
	table := memory{budget: c.memory.budget}
	for i, fd := range m.fds {
		if err := table.add(readRegion(m.payload[tableHead+i*regionSize:]), fd); err != nil {
			table.free()
			return err
		}
	}
	c.memory.free()
	c.memory = table
	return c.remapLocked()
}

func (c *Conn) addMemRegLocked(m *message) error {
	if err := m.atLeast(regionHead + regionSize); err != nil {
		return err
	}
	fd, err := m.oneFD()
	if err != nil {
		return err
	}
	return c.memory.add(readRegion(m.payload[regionHead:]), fd)
}

func (c *Conn) remMemRegLocked(m *message) error {
	if err := m.atLeast(regionHead + regionSize); err != nil {
		return err
	}
	if err := c.memory.remove(readRegion(m.payload[regionHead:])); err != nil {
		return err
	}
	return c.remapLocked()
}

// remapLocked finds the ring again after memory has changed. If the ring is not in memory any
// more, it breaks. The error is always nil, because the message itself was obeyed.
func (c *Conn) remapLocked() error {
	if err := c.queue.remap(); err != nil {
		c.breakLocked(err)
	}
	return nil
}
