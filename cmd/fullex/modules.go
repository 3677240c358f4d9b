package main

import (
	"fmt"
	"strings"
	"syscall"

	"fullex/device"
)

func moduleNames() []string {
	var names []string
	for _, m := range device.Modules() {
		names = append(names, m.Name())
	}
	return names
}

// kernelWith returns a kernel with all modules registered and those named
// loaded, or all if none is named.
func kernelWith(names []string) (*device.Kernel, error) {
	if len(names) == 0 {
		names = moduleNames()
	}
	k := device.NewKernel(device.Modules()...)
	for _, name := range names {
		switch err := k.Load(name); err {
		case nil:
		case syscall.EEXIST:
			return nil, fmt.Errorf("--module %s: given twice", name)
		default:
			return nil, fmt.Errorf("--module %s: no such module, want %s", name, strings.Join(moduleNames(), ", "))
		}
	}
	return k, nil
}
