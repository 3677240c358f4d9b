package faults

import (
	"strings"

	"fullex/device"
)

// Mark returns a module whose note in listings names the planted faults, after those that
// m names already. It changes nothing else. Without faults it returns m.
func Mark(m device.Module, planted ...Planted) device.Module {
	if len(planted) == 0 {
		return m
	}
	var names []string
	for _, p := range planted {
		names = append(names, p.String())
	}
	before := "faulty:"
	if inner, ok := m.(device.Noted); ok {
		before = inner.Note() + ","
	}
	return marked{m, before + strings.Join(names, ",")}
}

// marked is a module with a note. It is immutable.
type marked struct {
	device.Module
	note string
}

var (
	_ device.Noted = marked{}
	_ device.Sized = marked{}
)

// Note implements device.Noted.
func (m marked) Note() string { return m.note }

// Size implements device.Sized.
func (m marked) Size() int {
	if sized, ok := m.Module.(device.Sized); ok {
		return sized.Size()
	}
	return 0
}
