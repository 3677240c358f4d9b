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
// loaded, or all if none is named. Faults are of full_ex.
func kernelWith(names []string, faults ...device.Planted) (*device.Kernel, error) {
	if len(names) == 0 {
		names = moduleNames()
	}
	modules, err := modulesWith(faults)
	if err != nil {
		return nil, err
	}
	k := device.NewKernel(modules...)
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

// modulesWith returns all modules, of which full_ex has the faults.
func modulesWith(faults []device.Planted) ([]device.Module, error) {
	modules := device.Modules()
	if len(faults) == 0 {
		return modules, nil
	}
	for i, m := range modules {
		sound, ok := m.(*device.FullEx)
		if !ok {
			continue
		}
		faulty, err := device.Faulty(sound, faults...)
		if err != nil {
			return nil, fmt.Errorf("--fault %w", err)
		}
		modules[i] = faulty
	}
	return modules, nil
}
