//go:build linux

package main

import (
	"fmt"
	"os"
	"sort"
	"syscall"
	"time"
)

// Every round measures each mount once, for rateTime.
const (
	rateTime   = 200 * time.Millisecond
	rateRounds = 15
)

// rates measures the operations per second on a mount through virtio, one over TCP, and a FUSE
// mount with a server of its own. It prints the median of each, as "rate NAME PER-SECOND".
func rates(c *check) {
	c.must("mkdir", os.MkdirAll(ownMount, 0o755))
	tcp := "trans=tcp,port=" + kernelArgument("fullex.port") + ",version=9p2000.L,noxattr"
	c.must("mount over TCP", syscall.Mount("10.0.2.2", ownMount, "9p", 0, tcp))
	withFUSE(c, func() {
		names := []string{"virtio", "tcp", "fuse"}
		devices := map[string]*device{
			"virtio": c.filled(plain, 100), "tcp": c.filled(ownMount+"/full_ex", 100), "fuse": c.filled(fuseMount+"/full_ex", 100),
		}
		found := make(map[string][]float64)
		for range rateRounds {
			for _, name := range names {
				found[name] = append(found[name], c.rate(devices[name]))
			}
		}
		for _, name := range names {
			sort.Float64s(found[name])
			fmt.Printf("rate %s %.0f\n", name, found[name][rateRounds/2])
			c.close(devices[name])
		}
	})
	c.must("unmount", syscall.Unmount(ownMount, 0))
}

// rate alternates between writes and reads of a value, and returns operations per second.
func (c *check) rate(d *device) float64 {
	p, ops := value(2), 0
	start := time.Now()
	for time.Since(start) < rateTime {
		_, err := d.Write(p)
		c.must("write", err)
		_, err = d.Read(p)
		c.must("read", err)
		ops += 2
	}
	return float64(ops) / time.Since(start).Seconds()
}
