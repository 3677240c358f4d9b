// Package vm boots Linux guests in QEMU for the tests: a Debian kernel, and an
// initramfs with the guest program of this folder as its init. The guest
// mounts the server, runs scenarios and reports them on its console.
//
// Boot runs a guest to its end. Start leaves it running: at places that a
// scenario marks it waits for a line from the test, which has done something to
// the machine meanwhile, mostly through QEMU's monitor.
//
// Nothing is downloaded here. Kernels and the newer QEMU are those that tests/run
// keeps in the cache folder.
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

// Config is a guest.
type Config struct {
	Kernel    Kernel
	Init      string            // path of the guest program, a static executable
	Fullex    string            // path of the command, to run within the guest
	Files     map[string]string // further files of the initramfs: path in the guest to path here
	Programs  []string          // further executables, static ones; in the guest they are in /programs
	Modules   []string          // kernel modules to load, without those they need
	Scenarios []string          // to run; none: all
	Port      int               // of the server on this machine's loopback address
	HostDir   string            // exported to the guest by QEMU, with tag "host"; "": none
	Tag       string            // of the virtio-9p device that the guest mounts; "": it mounts over TCP
	Serial    string            // unix socket to which a serial port "fullex" leads; "": none
	QEMU      string            // command, as from NeedNewQEMU; "": this machine's own QEMU
	Arguments []string          // further ones of QEMU
}

// qemu is the command of this machine's own QEMU.
const qemu = "qemu-system-x86_64"

// memory is how much every guest has.
const memory = "512M"

// qemuArguments is the one command line of all guests. There is no disk; a
// restart of the guest, or a panic, ends it; see Machine.Reset.
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

// deviceArguments are for what only some guests have.
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

// Build compiles the guest program and the command into dir, as static
// executables for c.
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
