// Package faults names wrong behaviours and plants those of the device full_ex, for
// those who test whether their tests would notice them. Package p9srv/faulty plants
// those of the way to the device.
//
// [Module] is a layer around the sound module, and its sessions are layers around the
// sound ones: what no fault changes, the sound code answers. Only a deque that pushes
// at other ends, or has another capacity, is one of this package.
//
// # Concurrency
//
// Lock order: those of package device, then that of the module.
package faults

import (
	"fmt"
	"strconv"
	"strings"
)

// Fault is a wrong behaviour that can be planted, for those who test whether
// their tests would notice it. Each is one defect; everything else stays right.
type Fault struct {
	Name     string // "leak"
	Param    string // form of what follows the name: "=N", "[=N]" if it may be left out, "" for nothing
	Sentence string // what is wrong
}

// Planted is a fault that somebody asked for.
type Planted struct {
	Fault
	Value string // of the parameter; "": none
}

// String returns the form that [Parse] takes.
func (p Planted) String() string {
	if p.Value == "" {
		return p.Name
	}
	return p.Name + "=" + p.Value
}

// Parse returns the fault of a list that a text, NAME or NAME=VALUE, asks for. It
// does not check the value: the function that plants the fault does.
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

// OfDevice returns the faults that [Module] can plant, in the order of listings.
func OfDevice() []Fault {
	var list []Fault
	for _, k := range knownFaults {
		list = append(list, k.Fault)
	}
	return list
}

// flaws are what is wrong with a module. The zero flaws are none.
type flaws struct {
	oddRight         bool
	negativeWrongEnd bool
	room             int  // added to a capacity
	capacities       int  // added to the largest capacity
	einvalForEACCES  bool // of reads and writes
	eaccesForEINVAL  bool
	lostOnBigRead    bool
	lostOnError      bool
	secondOpen       bool
	sharedSession    bool
	closeFreesOther  bool
	shortWrite       bool
	leak             int     // closes until a session is freed; 0: at once
	chance           float64 // of EIO for a read or a write
	seed             uint64
}

// knownFault is a fault and how it is planted.
type knownFault struct {
	Fault
	plant func(f *flaws, value string) error
}

// flag plants a fault that has no parameter.
func flag(set func(*flaws)) func(*flaws, string) error {
	return func(f *flaws, _ string) error {
		set(f)
		return nil
	}
}

var knownFaults = []knownFault{
	{Fault{"odd-right", "", "odd numbers are pushed right, as even ones are"},
		flag(func(f *flaws) { f.oddRight = true })},
	{Fault{"negative-wrong-end", "", "negative numbers are pushed at the other end: odd ones right, even ones left"},
		flag(func(f *flaws) { f.negativeWrongEnd = true })},
	{Fault{"capacity-plus-one", "", "one value more fits than the capacity that was written"},
		flag(func(f *flaws) { f.room++ })},
	{Fault{"capacity-minus-one", "", "one value less fits than the capacity that was written; a capacity of 1 is refused (EINVAL)"},
		flag(func(f *flaws) { f.room-- })},
	{Fault{"capacity-101", "", "a capacity of 101 is taken"},
		flag(func(f *flaws) { f.capacities++ })},
	{Fault{"einval-for-eacces", "", "reads and writes give EINVAL where EACCES is right"},
		flag(func(f *flaws) { f.einvalForEACCES = true })},
	{Fault{"eacces-for-einval", "", "reads and writes give EACCES where EINVAL is right"},
		flag(func(f *flaws) { f.eaccesForEINVAL = true })},
	{Fault{"lost-on-big-read", "", "a read of 5 bytes or more pops two values, if there are two, and loses the second"},
		flag(func(f *flaws) { f.lostOnBigRead = true })},
	{Fault{"lost-on-error", "", "a read of 1..3 bytes is refused (EINVAL) and pops a value all the same, which is lost"},
		flag(func(f *flaws) { f.lostOnError = true })},
	{Fault{"second-open", "", "a client may have the device open twice; each open has its own deque"},
		flag(func(f *flaws) { f.secondOpen = true })},
	{Fault{"shared-session", "", "all clients have one deque together, until the last of them closes"},
		flag(func(f *flaws) { f.sharedSession = true })},
	{Fault{"leak", "[=N]", "a close frees nothing: its client may not open again (EACCES) and its values stay counted, until N more have closed; without N for ever"},
		plantLeak},
	{Fault{"close-frees-other", "", "a close also empties the session that is open longest of the others: it is uninitialised again"},
		flag(func(f *flaws) { f.closeFreesOther = true })},
	{Fault{"short-write", "", "a write of 1..3 bytes after the capacity pushes a value, with zeros for the bytes that are missing"},
		flag(func(f *flaws) { f.shortWrite = true })},
	{Fault{"error", "=P[:SEED]", "a read or a write gives EIO with probability P, and does nothing then; the same SEED gives the same sequence"},
		plantErrors},
}

// mostLeaked bounds what a leak holds, so that it never ends the server: for
// ever is so many closes.
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

// flawsOf plants faults.
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
	return fmt.Errorf("it is none of the device's")
}

// otherDeque reports whether the sound module's deques do not do.
func (f *flaws) otherDeque() bool {
	return f.oddRight || f.negativeWrongEnd || f.room != 0 || f.capacities != 0
}

// left reports whether a value is pushed at the left end.
func (f *flaws) left(v int32) bool {
	odd := v&1 != 0
	return odd != (f.oddRight && odd || f.negativeWrongEnd && v < 0)
}
