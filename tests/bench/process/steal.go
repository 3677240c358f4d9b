package process

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
)

// Times are the times of the machine's processors since it started, in clock ticks of all of
// them together.
type Times struct {
	all    uint64
	stolen uint64
}

// MachineTimes returns the present times (proc_stat(5)).
func MachineTimes() (Times, error) {
	stat, err := os.ReadFile("/proc/stat")
	if err != nil {
		return Times{}, fmt.Errorf("read the machine's times: %w", err)
	}
	line, _, _ := bytes.Cut(stat, []byte("\n"))
	// user nice system idle iowait irq softirq steal; what follows is part of
	// user and nice.
	const steal, counted = 7, 8
	var t Times
	fields := bytes.Fields(line)
	if len(fields) <= counted {
		return Times{}, fmt.Errorf("read the machine's times: %q", line)
	}
	for i, f := range fields[1 : 1+counted] {
		n, err := strconv.ParseUint(string(f), 10, 64)
		if err != nil {
			return Times{}, fmt.Errorf("read the machine's times: %w", err)
		}
		t.all += n
		if i == steal {
			t.stolen = n
		}
	}
	return t, nil
}

// Stolen returns the part of the time since then that the hypervisor gave to
// other machines while this one wanted to run, from 0 to 1.
func (t Times) Stolen(since Times) float64 {
	if t.all <= since.all {
		return 0
	}
	return float64(t.stolen-since.stolen) / float64(t.all-since.all)
}
