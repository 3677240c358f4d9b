//go:build linux

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"syscall"

	"golang.org/x/sys/unix"
)

// mountPoint is where the server is mounted during most scenarios.
const mountPoint = "/mnt"

// setUp mounts /proc, /sys and /dev, loads the modules, starts the network and mounts the
// server. The network is that of QEMU: the guest is 10.0.2.15 and the host 10.0.2.2.
func setUp() error {
	for _, m := range [][2]string{{"proc", "/proc"}, {"sysfs", "/sys"}, {"devtmpfs", "/dev"}} {
		if err := syscall.Mount(m[0], m[1], m[0], 0, ""); err != nil {
			return fmt.Errorf("mount %s: %w", m[0], err)
		}
	}
	if err := loadModules(); err != nil {
		return err
	}
	for _, args := range [][]string{
		{"link", "set", "lo", "up"},
		{"addr", "add", "10.0.2.15/24", "dev", "eth0"},
		{"link", "set", "eth0", "up"},
	} {
		if out, err := exec.Command("/bin/busybox", append([]string{"ip"}, args...)...).CombinedOutput(); err != nil {
			return fmt.Errorf("ip %v: %w: %s", args, err, out)
		}
	}
	if unmounted[chosen()[0]] {
		return nil
	}
	return mount("")
}

// loadModules loads the kernel modules of the initramfs, in the order of their names.
func loadModules() error {
	paths, err := filepath.Glob("/modules/*.ko")
	if err != nil {
		return err
	}
	sort.Strings(paths)
	for _, path := range paths {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		err = unix.FinitModule(int(f.Fd()), "", 0)
		if err != nil {
			return fmt.Errorf("load %s: %w", path, err)
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
	return nil
}

// mount mounts the server with the usual options, and with more options unless they are "".
func mount(options string) error {
	if options != "" {
		options = "," + options
	}
	return mountWith("version=9p2000.L,noxattr" + options)
}

// mountWith mounts the server through a virtio device, if the kernel's command line names one,
// or over TCP.
func mountWith(options string) error {
	source, way := "10.0.2.2", "trans=tcp,port="+kernelArgument("fullex.port")
	if tag := kernelArgument("fullex.tag"); tag != "" {
		source, way = tag, "trans=virtio"
	}
	data := way + "," + options
	if err := syscall.Mount(source, mountPoint, "9p", 0, data); err != nil {
		return fmt.Errorf("mount -t 9p -o %s: %w", data, err)
	}
	return nil
}

func unmount() error {
	if err := syscall.Unmount(mountPoint, 0); err != nil {
		return fmt.Errorf("umount: %w", err)
	}
	return nil
}

// remounted runs a scenario on a mount with other options.
func remounted(c *check, options string, scenario func()) {
	c.must("unmount before", unmount())
	c.must("mount with "+options, mount(options))
	defer func() {
		c.must("unmount after", unmount())
		c.must("mount again", mount(""))
	}()
	scenario()
}
