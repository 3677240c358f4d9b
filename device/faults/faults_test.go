package faults

import (
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/device"
	"fullex/device/contract"
)

// faultyKernel returns a kernel in which full_ex is loaded, with the faults that texts
// name.
func faultyKernel(t *testing.T, texts ...string) *device.Kernel {
	t.Helper()
	return kernelOf(t, faultyModule(t, texts...))
}

func faultyModule(t *testing.T, texts ...string) device.Module {
	t.Helper()
	var planted []Planted
	for _, text := range texts {
		p, err := Parse(OfDevice(), text)
		require.NoError(t, err)
		planted = append(planted, p)
	}
	m, err := Module(new(device.FullEx), planted...)
	require.NoError(t, err)
	return m
}

func kernelOf(t *testing.T, m device.Module) *device.Kernel {
	t.Helper()
	k := device.NewKernel(m)
	require.NoError(t, k.Load(m.Name()))
	return k
}

// clientNotes makes the calls of several clients and notes their results.
type clientNotes struct {
	kernel  *device.Kernel
	clients map[string]*device.Session
	notes   []string
}

// do makes calls of the clients a, b and so on: "a:open", "a:close", "a:w5" (write the
// value 5), "a:b3" (write 3 bytes), "a:c2" (write the capacity 2), "a:r4" (read 4
// bytes). It returns the results of all calls but those with "!" before them.
func (c *clientNotes) do(calls string) string {
	for call := range strings.FieldsSeq(calls) {
		quiet := strings.HasPrefix(call, "!")
		who, what, _ := strings.Cut(strings.TrimPrefix(call, "!"), ":")
		note := c.call(who, what)
		if !quiet {
			c.notes = append(c.notes, note)
		}
	}
	return strings.Join(c.notes, " ")
}

func (c *clientNotes) call(who, what string) string {
	s := c.clients[who]
	switch what {
	case "open":
		// The identity has the first letter only, so a and a2 are the same client.
		opened, err := c.kernel.Open("full_ex", device.Client{Identity: device.Identity{Peer: who[:1]}, User: &device.User{Conn: who}, Door: "/"})
		if err == nil {
			c.clients[who] = opened
		}
		return outcome(0, err)
	case "close":
		return outcome(0, s.Close())
	}
	var n int
	_, err := fmt.Sscan(what[1:], &n)
	if err != nil {
		return err.Error()
	}
	switch what[0] {
	case 'w':
		return outcome(s.Write(binary.LittleEndian.AppendUint32(nil, uint32(n))))
	case 'c':
		return outcome(s.Write([]byte{byte(n)}))
	case 'b':
		return outcome(s.Write([]byte{7, 7, 7, 7, 7, 7}[:n]))
	}
	p := make([]byte, n)
	got, err := s.Read(p)
	if err == nil {
		return fmt.Sprint("=", int32(binary.LittleEndian.Uint32(p)))
	}
	return outcome(got, err)
}

func outcome(n int, err error) string {
	if errno, ok := err.(syscall.Errno); ok {
		return contract.ErrnoName(errno)
	}
	return fmt.Sprint(n)
}

// scenes are calls that together cover the contract, and the results of the sound device.
var scenes = map[string]struct{ calls, sound string }{
	"odd, positive":          {"!a:open !a:c9 !a:w2 !a:w1 !a:w4 !a:w3 a:r4 a:r4 a:r4 a:r4", "=3 =1 =2 =4"},
	"odd, negative":          {"!a:open !a:c9 !a:w2 a:w-3 a:r4 a:r4", "4 =-3 =2"},
	"even, negative":         {"!a:open !a:c9 !a:w2 a:w-4 a:r4 a:r4", "4 =2 =-4"},
	"full at the capacity":   {"!a:open !a:c2 a:w2 a:w4 a:w6 a:w8 a:r4", "4 4 EACCES EACCES =2"},
	"capacity 1":             {"!a:open a:c1 a:w2 a:r4", "1 4 =2"},
	"capacity 100":           {"!a:open a:c100", "1"},
	"capacity 101":           {"!a:open a:c101", "EINVAL"},
	"capacities 0, 102, 255": {"!a:open a:c0 a:c102 a:c255", "EINVAL EINVAL EINVAL"},
	"value first":            {"!a:open a:w2 a:r4 a:b2", "EACCES EACCES EACCES"},
	"empty":                  {"!a:open !a:c2 a:r4 a:r3", "EACCES EACCES"},
	"no bytes":               {"!a:open a:b0 a:r0 !a:c2 !a:w2 a:b0 a:r0", "EINVAL EINVAL EINVAL EINVAL"},
	"short writes":           {"!a:open !a:c4 a:c5 a:b2 a:b3 a:r4", "EINVAL EINVAL EINVAL EACCES"},
	"long writes":            {"!a:open !a:c4 a:b5 a:b6 a:r4", "EINVAL EINVAL EACCES"},
	"short reads":            {"!a:open !a:c4 !a:w2 !a:w4 a:r1 a:r3 a:r4 a:r4", "EINVAL EINVAL =2 =4"},
	"big read":               {"!a:open !a:c4 !a:w2 !a:w4 !a:w6 a:r5 a:r4 a:r4", "=2 =4 =6"},
	"big read of the last":   {"!a:open !a:c4 !a:w2 a:r4096 a:r5", "=2 EACCES"},
	"second open":            {"!a:open !a:c4 a2:open a:w2 a:r4", "EACCES 4 =2"},
	"open anew":              {"!a:open !a:c4 !a:w2 !a:close a:open a:r4 a:c3 a:w4 a:r4", "0 EACCES 1 4 =4"},
	"two clients":            {"!a:open !b:open !a:c4 b:c5 !a:w2 b:r4 b:w6 a:r4 b:r4", "1 EACCES 4 =2 =6"},
	"another closes":         {"!a:open !b:open !a:c4 !b:c4 !a:w2 !b:w4 !b:close a:r4 b:open", "=2 0"},
}

func TestEachFaultIsOneDefect(t *testing.T) {
	changed := map[string]map[string]string{
		"odd-right": {
			"odd, positive": "=2 =1 =4 =3",
			"odd, negative": "4 =2 =-3",
		},
		"even-left": {
			"odd, positive":        "=3 =4 =1 =2",
			"even, negative":       "4 =-4 =2",
			"full at the capacity": "4 4 EACCES EACCES =4",
			"short reads":          "EINVAL EINVAL =4 =2",
			"big read":             "=6 =4 =2",
		},
		"capacity-range=3:255": {
			"full at the capacity":   "EACCES EACCES EACCES EACCES EACCES",
			"capacity 1":             "EINVAL EACCES EACCES",
			"capacity 101":           "1",
			"capacities 0, 102, 255": "EINVAL 1 EINVAL",
		},
		"negative-wrong-end": {
			"odd, negative":  "4 =2 =-3",
			"even, negative": "4 =-4 =2",
		},
		"capacity-plus-one": {
			"full at the capacity": "4 4 4 EACCES =2",
		},
		"capacity-minus-one": {
			"full at the capacity": "4 EACCES EACCES EACCES =2",
			"capacity 1":           "EINVAL EACCES EACCES",
		},
		"capacity-101": {
			"capacity 101": "1",
		},
		"einval-for-eacces": {
			"full at the capacity": "4 4 EINVAL EINVAL =2",
			"value first":          "EINVAL EINVAL EINVAL",
			"empty":                "EINVAL EINVAL",
			"short writes":         "EINVAL EINVAL EINVAL EINVAL",
			"long writes":          "EINVAL EINVAL EINVAL",
			"big read of the last": "=2 EINVAL",
			"open anew":            "0 EINVAL 1 4 =4",
			"two clients":          "1 EINVAL 4 =2 =6",
		},
		"eacces-for-einval": {
			"capacity 101":           "EACCES",
			"capacities 0, 102, 255": "EACCES EACCES EACCES",
			"no bytes":               "EACCES EACCES EACCES EACCES",
			"short writes":           "EACCES EACCES EACCES EACCES",
			"long writes":            "EACCES EACCES EACCES",
			"short reads":            "EACCES EACCES =2 =4",
		},
		"lost-on-big-read": {
			"big read": "=2 =6 EACCES",
		},
		"lost-on-error": {
			"short reads": "EINVAL EINVAL EACCES EACCES",
		},
		"second-open": {
			"second open": "0 4 =2",
		},
		"shared-session": {
			"two clients":    "EINVAL =2 4 =6 EACCES",
			"another closes": "=2 0",
		},
		"leak": {
			"open anew":      "EACCES EBADF EBADF EBADF EBADF",
			"another closes": "=2 EACCES",
		},
		"leak=1": {
			"open anew":      "EACCES EBADF EBADF EBADF EBADF",
			"another closes": "=2 EACCES",
		},
		"close-frees-other": {
			"another closes": "EACCES 0",
		},
		"short-write": {
			"short writes": "1 2 3 =460551",
		},
		"error=1": {},
	}
	for fault, outcomes := range changed {
		t.Run(fault, func(t *testing.T) {
			for name, scene := range scenes {
				want, ok := outcomes[name]
				if !ok {
					want = scene.sound
				}
				if fault == "error=1" {
					want = allErrors(scene.calls)
				}
				c := clientNotes{kernel: faultyKernel(t, fault), clients: map[string]*device.Session{}}
				assert.Equal(t, want, c.do(scene.calls), name)
			}
		})
	}
	for name, scene := range scenes {
		c := clientNotes{kernel: kernelOf(t, new(device.FullEx)), clients: map[string]*device.Session{}}
		assert.Equal(t, scene.sound, c.do(scene.calls), "sound: "+name)
		c = clientNotes{kernel: faultyKernel(t), clients: map[string]*device.Session{}}
		assert.Equal(t, scene.sound, c.do(scene.calls), "no fault planted: "+name)
	}
	for _, f := range OfDevice() {
		_, tested := changed[f.Name]
		assert.True(t, tested || strings.HasPrefix(f.Param, "="), "%s has no scene that notices it", f.Name)
	}
}

// allErrors returns the results of a scene if every read and write returns EIO.
func allErrors(calls string) string {
	var notes []string
	for call := range strings.FieldsSeq(calls) {
		switch {
		case strings.HasPrefix(call, "!"):
		case call == "a2:open":
			notes = append(notes, "EACCES")
		case strings.HasSuffix(call, "open"):
			notes = append(notes, "0")
		default:
			notes = append(notes, "EIO")
		}
	}
	return strings.Join(notes, " ")
}

func TestLeakEndsAfterItsNumberOfCloses(t *testing.T) {
	c := clientNotes{kernel: faultyKernel(t, "leak=2"), clients: map[string]*device.Session{}}
	assert.Equal(t, "EACCES EACCES 0",
		c.do("!a:open !a:c9 !a:close a:open !b:open !b:close a:open !d:open !d:close a:open"))
}

func TestModuleSizeCountsALeakUntilTheUnload(t *testing.T) {
	k := faultyKernel(t, "leak")
	c := clientNotes{kernel: k, clients: map[string]*device.Session{}}
	c.do("a:open a:c9 a:close b:open b:c1 b:close")
	assert.Contains(t, k.ListModules(), "full_ex                   40  0 faulty:leak\n")
	require.NoError(t, k.Unload("full_ex"))
	require.NoError(t, k.Load("full_ex"))
	assert.Contains(t, k.ListModules(), "full_ex                    0  0 faulty:leak\n")
	assert.Contains(t, c.do("a:open"), "0")
}

func TestSharedSessionEndsWithItsLastClient(t *testing.T) {
	c := clientNotes{kernel: faultyKernel(t, "shared-session"), clients: map[string]*device.Session{}}
	assert.Equal(t, "=2 EACCES", c.do("!a:open !a:c4 !a:w2 !b:open !a:close b:r4 !b:close !b:open b:w2"))
}

func TestErrorsHaveTheirProbabilityAndARepeatableOrder(t *testing.T) {
	sequence := func(fault string) string {
		c := clientNotes{kernel: faultyKernel(t, fault), clients: map[string]*device.Session{}}
		return c.do("a:open " + strings.Repeat("a:r0 ", 2000))
	}
	first := sequence("error=0.25:7")
	assert.Equal(t, first, sequence("error=0.25:7"))
	assert.NotEqual(t, first, sequence("error=0.25:8"))
	assert.Equal(t, sequence("error=0.25"), sequence("error=0.25:1"))
	assert.InDelta(t, 500, strings.Count(first, "EIO"), 100)
	assert.Equal(t, 2000, strings.Count(first, "EIO")+strings.Count(first, "EINVAL"))
}

func TestSeveralFaultsWorkTogether(t *testing.T) {
	c := clientNotes{kernel: faultyKernel(t, "odd-right", "capacity-plus-one", "capacity-101"), clients: map[string]*device.Session{}}
	assert.Equal(t, "1 4 4 EACCES =1 =3", c.do("!a:open a:c1 a:w1 a:w3 a:w5 a:r4 a:r4"))
	values := clientNotes{kernel: faultyKernel(t, "capacity-plus-one", "capacity-101"), clients: map[string]*device.Session{}}
	values.do("a:open a:c101 a:w6")
	got, capacity := values.clients["a"].Values()
	assert.Equal(t, []int32{6}, got)
	assert.Equal(t, 102, capacity)
	assert.Equal(t, device.State{Capacity: 102, Length: 1, Calls: 2}, values.clients["a"].State())
}

func TestListingsAndLogNameTheFaults(t *testing.T) {
	k := kernelOf(t, Mark(faultyModule(t, "odd-right", "error=0.5:3"), Planted{Fault: Fault{Name: "elsewhere"}, Value: "1"}))
	assert.Contains(t, k.ListModules(), "full_ex                    0  0 faulty:odd-right,error=0.5:3,elsewhere=1\n")
	p := make([]byte, 64<<10)
	n, err := k.Log().Reader().ReadAt(p, 0)
	if err != io.EOF {
		require.NoError(t, err)
	}
	log := p[:n]
	assert.Contains(t, string(log), "full_ex: faulty on purpose: odd-right: odd numbers are pushed right")
	assert.Contains(t, string(log), "full_ex: faulty on purpose: error=0.5:3: ")
}

func TestParseAndModuleRefuseBadFaults(t *testing.T) {
	for text, want := range map[string]string{
		"nosuch":               `"nosuch": no such fault, want one of odd-right, even-left, negative-wrong-end,`,
		"":                     "no such fault",
		"odd-right=1":          `"odd-right=1": want odd-right`,
		"odd-right=":           "want odd-right",
		"leak=":                "want leak[=N]",
		"leak=0":               "from 1 to 65536",
		"leak=65537":           "from 1 to 65536",
		"leak=many":            "from 1 to 65536",
		"capacity-range=0:9":   "within 1 to 255, such as 5:50",
		"capacity-range=9:8":   "within 1 to 255",
		"capacity-range=1:256": "within 1 to 255",
		"capacity-range=1":     "within 1 to 255",
		"error":                "want error=P[:SEED]",
		"error=0":              "above 0 and up to 1",
		"error=1.5":            "above 0 and up to 1",
		"error=NaN":            "above 0 and up to 1",
		"error=0.5:":           "SEED",
		"error=0.5:-1":         "SEED",
		"error=0.5:1:2":        "SEED",
		"error=one in 3":       "above 0 and up to 1",
	} {
		p, err := Parse(OfDevice(), text)
		if err == nil {
			_, err = Module(new(device.FullEx), p)
		}
		assert.ErrorContains(t, err, want, text)
	}
	_, err := Module(new(device.FullEx), Planted{Fault: Fault{Name: "elsewhere"}})
	assert.ErrorContains(t, err, "not a fault of the device")
}
