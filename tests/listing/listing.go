// Package listing says what tests find in the directories of a server with all modules, so
// that they need not name them and their files.
package listing

import (
	"fmt"
	"slices"

	"fullex/device"
)

// Tutorial are the names of the tutorial's own modules, in its order.
var Tutorial = []string{"helloworld", "minimal_proc_lkm", "full_ex"}

// Modules are the names of all modules, in the order of listings.
func Modules() (names []string) {
	for _, m := range device.Modules() {
		names = append(names, m.Name())
	}
	return names
}

// Kernel returns a kernel that knows all modules and has those named loaded.
func Kernel(loaded ...string) *device.Kernel {
	k := device.NewKernel(device.Modules()...)
	for _, name := range loaded {
		if err := k.Load(name); err != nil {
			panic(fmt.Errorf("load %s: %w", name, err)) // the test is wrong
		}
	}
	return k
}

// Devices are the device files of all modules, sorted.
func Devices() []string { return Kernel(Modules()...).Files() }

// Root is what the root has, sorted.
func Root() []string {
	return slices.Sorted(slices.Values(append(Devices(), "ctl", "each", "kmsg", "modules", "pid", "sessions")))
}
