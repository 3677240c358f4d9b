package process

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"
)

const (
	// settleTime limits the wait for steady memory.
	settleTime = 15 * time.Second
	// settleStep is the time between two looks.
	settleStep = 250 * time.Millisecond
	// settleLooks is how many looks in a row must see the same.
	settleLooks = 4
	// settleNoise is the largest difference that counts as the same, in KiB.
	settleNoise = 64
)

// Memory is the resident memory of a process, in KiB.
type Memory struct {
	RSS  int `json:"rss_kib"`  // all of it
	Anon int `json:"anon_kib"` // the part without files: heap and stacks
}

// Memory returns the present memory (proc_pid_status(5)).
func (p *Process) Memory() (Memory, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return Memory{}, fmt.Errorf("read the memory of %s: %w", p.Name, err)
	}
	rss, rssErr := field(status, "VmRSS:")
	anon, anonErr := field(status, "RssAnon:")
	if err := errors.Join(rssErr, anonErr); err != nil {
		return Memory{}, fmt.Errorf("read the memory of %s: %w", p.Name, err)
	}
	return Memory{RSS: rss, Anon: anon}, nil
}

// SettledMemory waits until the memory has not changed for a while, and returns it. A server
// goes on freeing after its clients have gone.
func (p *Process) SettledMemory() (Memory, error) {
	last, err := p.Memory()
	if err != nil {
		return Memory{}, err
	}
	same := 0
	for start := time.Now(); same < settleLooks && time.Since(start) < settleTime; {
		time.Sleep(settleStep)
		now, err := p.Memory()
		if err != nil {
			return Memory{}, err
		}
		same++
		if diff := now.RSS - last.RSS; diff < -settleNoise || diff > settleNoise {
			same = 0
		}
		last = now
	}
	return last, nil
}

// field returns the number of KiB in a line of /proc/PID/status.
func field(status []byte, name string) (int, error) {
	for line := range bytes.Lines(status) {
		rest, ok := bytes.CutPrefix(line, []byte(name))
		if !ok {
			continue
		}
		words := bytes.Fields(rest)
		if len(words) == 0 {
			break
		}
		n, err := strconv.Atoi(string(words[0]))
		if err != nil {
			return 0, fmt.Errorf("%s %w", name, err)
		}
		return n, nil
	}
	return 0, fmt.Errorf("no %s", name)
}
