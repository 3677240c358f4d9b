// Package faults makes the device full_ex faulty on purpose. A test suite for the
// device should notice each fault. Package p9srv/faulty has the faults of the
// connection to the device.
//
// A module without faults is sound. [Module] returns a layer around the sound module,
// and its sessions are layers around sound sessions: the sound code answers whatever no
// fault changes. Only a deque that pushes at a wrong end or has a wrong capacity is
// this package's own.
//
// # Concurrency
//
// Everything exported is safe for concurrent use. The locks of package device are
// taken before the lock of the module.
package faults

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"strings"

	"fullex/deque"
)

// Fault is a wrong behaviour that can be planted. Each fault is one defect: all other
// behaviour stays correct.
type Fault struct {
	Name     string // "leak"
	Param    string // form of the parameter: "=N" required, "[=N]" optional, "" none
	Sentence string // what is wrong
}

// Planted is a fault with the value of its parameter.
type Planted struct {
	Fault
	Value string // "": no value
}

// String returns the form that [Parse] reads.
func (p Planted) String() string {
	if p.Value == "" {
		return p.Name
	}
	return p.Name + "=" + p.Value
}

// Parse reads a text, NAME or NAME=VALUE, as one of the faults in list. It does not
// check the value: the function that plants the fault does.
func Parse(list []Fault, text string) (Planted, error) {
	name, value, hasValue := strings.Cut(text, "=")
	for _, f := range list {
		if f.Name != name {
			continue
		}
		required := f.Param != "" && f.Param[0] == '='
		if (hasValue && (f.Param == "" || value == "")) || (!hasValue && required) {
			return Planted{}, fmt.Errorf("%q: want %s%s", text, f.Name, f.Param)
		}
		return Planted{f, value}, nil
	}
	var names []string
	for _, f := range list {
		names = append(names, f.Name+f.Param)
	}
	return Planted{}, fmt.Errorf("%q: no such fault, want one of %s", text, strings.Join(names, ", "))
}

// OfDevice returns the faults that [Module] can plant, in the order for listings.
func OfDevice() []Fault {
	var list []Fault
	for _, k := range knownFaults {
		list = append(list, k.Fault)
	}
	return list
}

// flaws says what is wrong with a module. The zero flaws leave it sound.
type flaws struct {
	oddRight         bool
	evenLeft         bool
	negativeWrongEnd bool
	room             int  // added to each capacity
	capacities       int  // added to the largest allowed capacity
	least, most      int  // smallest and largest allowed capacity; 0: of the sound device
	einvalForEACCES  bool // for reads and writes
	eaccesForEINVAL  bool // for reads and writes
	lostOnBigRead    bool
	lostOnError      bool
	secondOpen       bool
	sharedSession    bool
	closeFreesOther  bool
	shortWrite       bool
	leak             int     // number of later closes until a session is freed
	chance           float64 // probability of EIO for a read or a write
	seed             uint64
}

// knownFault is a fault and how it is planted.
type knownFault struct {
	Fault
	plant func(f *flaws, value string) error
}

// flag returns the plant function of a fault without parameter.
func flag(set func(*flaws)) func(*flaws, string) error {
	return func(f *flaws, _ string) error {
		set(f)
		return nil
	}
}

var knownFaults = []knownFault{
	{Fault{"odd-right", "", "odd numbers are pushed right, like even ones"},
		flag(func(f *flaws) { f.oddRight = true })},
	{Fault{"even-left", "", "even numbers are pushed left, like odd ones"},
		flag(func(f *flaws) { f.evenLeft = true })},
	{Fault{"negative-wrong-end", "", "negative numbers are pushed at the other end: odd ones right, even ones left"},
		flag(func(f *flaws) { f.negativeWrongEnd = true })},
	{Fault{"capacity-plus-one", "", "one value more fits than the written capacity"},
		flag(func(f *flaws) { f.room++ })},
	{Fault{"capacity-minus-one", "", "one value fewer fits than the written capacity; a capacity of 1 is refused (EINVAL)"},
		flag(func(f *flaws) { f.room-- })},
	{Fault{"capacity-101", "", "a capacity of 101 is accepted"},
		flag(func(f *flaws) { f.capacities++ })},
	{Fault{"capacity-range", "=MIN:MAX", "capacities from MIN to MAX are accepted, instead of 1 to 100"},
		plantRange},
	{Fault{"einval-for-eacces", "", "reads and writes return EINVAL where EACCES is correct"},
		flag(func(f *flaws) { f.einvalForEACCES = true })},
	{Fault{"eacces-for-einval", "", "reads and writes return EACCES where EINVAL is correct"},
		flag(func(f *flaws) { f.eaccesForEINVAL = true })},
	{Fault{"lost-on-big-read", "", "a read of 5 bytes or more pops two values, if there are two, and loses the second"},
		flag(func(f *flaws) { f.lostOnBigRead = true })},
	{Fault{"lost-on-error", "", "a read of 1..3 bytes is refused (EINVAL), but it pops a value, which is lost"},
		flag(func(f *flaws) { f.lostOnError = true })},
	{Fault{"second-open", "", "a client may have the device open twice; each open has its own deque"},
		flag(func(f *flaws) { f.secondOpen = true })},
	{Fault{"shared-session", "", "all clients share one deque, until the last of them closes"},
		flag(func(f *flaws) { f.sharedSession = true })},
	{Fault{"leak", "[=N]", "a close frees nothing until N later closes: its client may not open again (EACCES), and its values stay counted; without N this lasts"},
		plantLeak},
	{Fault{"close-frees-other", "", "a close also resets the session that has been open longest: it is uninitialised again"},
		flag(func(f *flaws) { f.closeFreesOther = true })},
	{Fault{"short-write", "", "a write of 1..3 bytes after the capacity pushes a value, with zeros for the missing bytes"},
		flag(func(f *flaws) { f.shortWrite = true })},
	{Fault{"error", "=P[:SEED]", "a read or a write returns EIO with probability P and does nothing; the same SEED gives the same sequence"},
		plantErrors},
}

// mostLeaked bounds the sessions that leak, so that a leak cannot use up the server's
// memory. A leak without N ends after this many closes.
const mostLeaked = 65_536

func plantLeak(f *flaws, value string) error {
	f.leak = mostLeaked
	if value == "" {
		return nil
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 || n > mostLeaked {
		return fmt.Errorf("want a number of closes from 1 to %d", mostLeaked)
	}
	f.leak = n
	return nil
}

func plantRange(f *flaws, value string) error {
	least, most, _ := strings.Cut(value, ":")
	var errs [2]error
	f.least, errs[0] = strconv.Atoi(least)
	f.most, errs[1] = strconv.Atoi(most)
	if errs != [2]error{} || f.least < 1 || f.least > f.most || f.most > math.MaxUint8 {
		return fmt.Errorf("want two capacities within 1 to %d, such as 5:50", math.MaxUint8)
	}
	return nil
}

func plantErrors(f *flaws, value string) error {
	chance, seed, hasSeed := strings.Cut(value, ":")
	p, err := strconv.ParseFloat(chance, 64)
	if err != nil || !(p > 0 && p <= 1) {
		return fmt.Errorf("want a probability above 0 and up to 1, such as 0.01")
	}
	f.chance, f.seed = p, 1
	if !hasSeed {
		return nil
	}
	if f.seed, err = strconv.ParseUint(seed, 10, 64); err != nil {
		return fmt.Errorf("want a number for SEED, as in 0.01:7")
	}
	return nil
}

// flawsOf returns the flaws of all these faults. An error names the fault.
func flawsOf(faults []Planted) (flaws, error) {
	var f flaws
	for _, p := range faults {
		if err := f.plant(p); err != nil {
			return flaws{}, fmt.Errorf("%q: %w", p, err)
		}
	}
	return f, nil
}

func (f *flaws) plant(p Planted) error {
	for _, k := range knownFaults {
		if k.Name == p.Name {
			return k.plant(f, p.Value)
		}
	}
	return fmt.Errorf("not a fault of the device")
}

// otherDeque reports whether the flaws need an otherDeque instead of a sound deque.
func (f *flaws) otherDeque() bool {
	return f.oddRight || f.evenLeft || f.negativeWrongEnd || f.room != 0 || f.capacities != 0 || f.most != 0
}

// refuses reports whether a capacity is refused.
func (f *flaws) refuses(capacity int) bool {
	return capacity < max(f.least, 1) || capacity > cmp.Or(f.most, deque.MaxCapacity)+f.capacities
}

// left reports whether a value is pushed left.
func (f *flaws) left(v int32) bool {
	odd := v&1 != 0
	return odd != (f.oddRight && odd || f.evenLeft && !odd || f.negativeWrongEnd && v < 0)
}
