// Package listing lists the modules, and the files of a server with all modules. Tests ask
// it, so that a new module does not change them.
package listing

import (
	"fmt"
	"slices"

	"fullex/device"
)

// Tutorial are the names of the modules that the tutorial has, in its order.
var Tutorial = []string{"helloworld", "minimal_proc_lkm", "full_ex"}

// Modules returns the names of all modules, in the order of /modules.
func Modules() (names []string) {
	for _, m := range device.Modules() {
		names = append(names, m.Name())
	}
	return names
}

// Kernel returns a kernel that knows all modules, in which the named ones are loaded. It
// panics if one cannot be loaded.
func Kernel(loaded ...string) *device.Kernel {
	k := device.NewKernel(device.Modules()...)
	for _, name := range loaded {
		if err := k.Load(name); err != nil {
			panic(fmt.Errorf("load %s: %w", name, err)) // the test is wrong
		}
	}
	return k
}

// Devices returns the names of the device files of all modules, sorted.
func Devices() []string { return Kernel(Modules()...).Files() }

// Root returns the names in the root directory, sorted.
func Root() []string {
	return slices.Sorted(slices.Values(append(Devices(), "ctl", "each", "kmsg", "modules", "pid", "sessions")))
}
