package main

import (
	"fmt"
	"strings"
	"syscall"

	"github.com/urfave/cli/v2"

	"fullex/device"
	"fullex/device/faults"
)

func moduleNames() []string {
	var names []string
	for _, m := range device.Modules() {
		names = append(names, m.Name())
	}
	return names
}

// moduleFlag chooses modules for commands that start a server.
func moduleFlag() cli.Flag {
	return &cli.StringSliceFlag{
		Name: "module", DefaultText: "all",
		Usage: "load module `NAME` at the start (repeatable): " + strings.Join(moduleNames(), ", "),
	}
}

// kernelWith returns a kernel that knows all modules, and in which the named ones are loaded.
// Without names all are loaded.
func kernelWith(names []string, f planting) (*device.Kernel, error) {
	if len(names) == 0 {
		names = moduleNames()
	}
	modules, err := modulesWith(f)
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

// modulesWith returns all modules. full_ex has the faults of the device. Every module is
// marked with the faults of the way to it.
func modulesWith(f planting) ([]device.Module, error) {
	modules := device.Modules()
	for i, m := range modules {
		if sound, ok := m.(*device.FullEx); ok && len(f.device) > 0 {
			var err error
			if m, err = faults.Module(sound, f.device...); err != nil {
				return nil, fmt.Errorf("--fault %w", err)
			}
		}
		modules[i] = faults.Mark(m, f.way...)
	}
	return modules, nil
}
