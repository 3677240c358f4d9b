//go:build linux

// Command guest is the init of guests in tests. It prepares the machine, runs the scenarios
// that the kernel's command line names, reports each on the console, and ends the machine. For
// scenarios with several processes it starts itself again with the name of a role.
package main

import (
	"fmt"
	"os"
	"slices"
	"sort"
	"strings"
	"syscall"
)

func main() {
	if os.Getpid() != 1 {
		playRole(os.Args[1:])
		return
	}
	runAll()
	// A shutdown is not needed, because there is nothing to save. QEMU ends on a restart.
	if err := syscall.Reboot(syscall.LINUX_REBOOT_CMD_RESTART); err != nil {
		fmt.Println("restart:", err)
	}
}

// runAll runs the scenarios and reports each. At the end it prints the number of reports, which
// the host compares.
func runAll() {
	c := &check{}
	if err := setUp(); err != nil {
		c.errorf("%v", err)
	}
	c.report("set-up")
	if len(c.failures) > 0 {
		return
	}
	names := chosen()
	for _, name := range names {
		c := &check{}
		run(c, scenarioOf(name))
		c.report(name)
	}
	fmt.Println("@@ END", 1+len(names))
}

// run runs a scenario. If the scenario panics, run reports that as a failure, and the guest
// continues.
func run(c *check, scenario func(*check)) {
	defer func() {
		if r := recover(); r != nil && r != errStopped {
			c.errorf("panic: %v", r)
		}
	}()
	scenario(c)
}

// chosen returns the names of the scenarios to run, in a fixed order.
func chosen() []string {
	if list := kernelArgument("fullex.run"); list != "" {
		return strings.Split(list, ",")
	}
	var names []string
	for name := range scenarios {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// scenarioOf returns the scenario with this name, from steered or scenarios.
func scenarioOf(name string) func(*check) {
	if scenario, ok := steered[name]; ok {
		return scenario
	}
	return scenarios[name]
}

// kernelArgument returns the value of name=value on the kernel's command line.
func kernelArgument(name string) string {
	line, err := os.ReadFile("/proc/cmdline")
	if err != nil {
		return ""
	}
	words := strings.Fields(string(line))
	i := slices.IndexFunc(words, func(w string) bool { return strings.HasPrefix(w, name+"=") })
	if i < 0 {
		return ""
	}
	return strings.TrimPrefix(words[i], name+"=")
}
