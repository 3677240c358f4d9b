// Package vm boots Linux guests in QEMU for tests. A guest is a Debian kernel and an initramfs
// whose init is the program in folder guest. The guest mounts the server, runs scenarios and
// reports each on its console.
//
// [Boot] runs a guest to its end. [Start] starts a guest for scenarios during which the test
// does something to the machine, usually through QEMU's [Monitor]. Such a scenario prints a
// mark, for which the test waits with [Machine.Await]. It continues when the test sends a line
// with [Machine.Tell].
//
// The package downloads nothing. tests/run puts kernels and a newer QEMU into the cache folder.
package vm

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Config describes a guest. Paths are on this machine.
type Config struct {
	Kernel    Kernel
	Init      string            // path of the guest program, which must be static; Build sets it
	Fullex    string            // path of fullex, which must be static; Build sets it
	Files     map[string]string // further files of the initramfs: path in the guest to path here
	Programs  []string          // paths of static executables, which the guest has in /programs
	Modules   []string          // kernel modules to load; those that they need are added
	Scenarios []string          // scenarios to run; none: all
	Port      int               // TCP port of the server on this machine's loopback address
	HostDir   string            // directory that QEMU exports to the guest with tag "host"; "": none
	Tag       string            // mount tag of the virtio-9p device that the guest mounts; "": it mounts over TCP
	Serial    string            // unix socket that QEMU connects to the serial port "fullex"; "": none
	QEMU      string            // command, such as that of NeedNewQEMU; "": the installed QEMU
	Arguments []string          // further arguments of QEMU
}

// qemu is the command of the installed QEMU.
const qemu = "qemu-system-x86_64"

// memory is the size of a guest's memory, as an argument of QEMU.
const memory = "512M"

// qemuArguments returns the arguments of QEMU for a guest. The guest has no disk. A restart or
// a panic of the guest ends QEMU, unless Monitor.OnRestart changes that.
func qemuArguments(c Config, initramfs string) []string {
	command := []string{
		"console=ttyS0", "quiet", "loglevel=3", "panic=-1",
		fmt.Sprintf("fullex.port=%d", c.Port),
	}
	if c.Tag != "" {
		command = append(command, "fullex.tag="+c.Tag)
	}
	if len(c.Scenarios) > 0 {
		command = append(command, "fullex.run="+strings.Join(c.Scenarios, ","))
	}
	return append([]string{
		"-accel", "tcg,thread=single", "-machine", "q35", "-cpu", "max", "-smp", "2", "-m", memory,
		"-nographic", "-no-reboot", "-nodefaults", "-serial", "stdio",
		"-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net,romfile=",
		"-kernel", c.Kernel.Image, "-initrd", initramfs,
		"-append", strings.Join(command, " "),
	}, slices.Concat(monitorArguments(), deviceArguments(c), c.Arguments)...)
}

// deviceArguments returns the arguments for devices that only some guests have.
func deviceArguments(c Config) (args []string) {
	if c.HostDir != "" {
		args = append(args, "-fsdev", "local,id=host,security_model=none,path="+c.HostDir,
			"-device", "virtio-9p-pci,fsdev=host,mount_tag=host")
	}
	if c.Serial != "" {
		args = append(args, "-chardev", "socket,id=fullex,path="+c.Serial,
			"-device", "virtio-serial-pci", "-device", "virtserialport,chardev=fullex,name=fullex")
	}
	return args
}

// Build compiles the guest program and fullex as static executables into dir, and sets c.Init
// and c.Fullex to their paths.
func (c *Config) Build(ctx context.Context, dir string) error {
	c.Init, c.Fullex = filepath.Join(dir, "guest"), filepath.Join(dir, "fullex")
	for path, source := range map[string]string{c.Init: "fullex/tests/vm/guest", c.Fullex: "fullex/cmd/fullex"} {
		cmd := exec.CommandContext(ctx, "go", "build", "-o", path, source)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("build %s: %w: %s", source, err, out)
		}
	}
	return nil
}
