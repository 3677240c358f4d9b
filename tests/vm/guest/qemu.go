//go:build linux

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// hostDirectory mounts a directory that QEMU itself exports, and uses that mount and the
// server's at the same time.
func hostDirectory(c *check) {
	const dir = "/tmp/host"
	c.must("mkdir", os.MkdirAll(dir, 0o755))
	c.must("mount", syscall.Mount("host", dir, "9p", 0, "trans=virtio,version=9p2000.L"))
	d := c.filled(plain, 9, 2, 4)
	c.contains("cat "+dir+"/greeting", "from the host")
	c.shell("echo from the guest > " + dir + "/answer")
	c.read(d, 100, 2)
	c.same("ls", c.shell("ls "+dir), "answer\ngreeting\n")
	c.read(d, 4, 4)
	c.close(d)
	c.must("unmount", syscall.Unmount(dir, 0))
}

// serialRelay mounts over a serial port. Linux cannot do that by itself, so nc relays between
// the port and a socket.
func serialRelay(c *check) {
	const dir = "/tmp/serial"
	c.must("mkdir", os.MkdirAll(dir, 0o755))
	ports, err := filepath.Glob("/dev/vport*p*")
	c.must("find the port", err)
	if len(ports) != 1 {
		c.fatalf("serial ports: %v", ports)
	}
	relay := exec.Command("/bin/busybox", "sh", "-c", "exec nc -l -p 5641 127.0.0.1 <>"+ports[0]+" 1>&0")
	c.must("start the relay", relay.Start())
	const options = "trans=tcp,port=5641,version=9p2000.L,noxattr"
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		err = syscall.Mount("127.0.0.1", dir, "9p", 0, options)
		if err == nil || time.Now().After(deadline) {
			break
		}
	}
	c.must("mount", err)
	contractOf(c, dir+"/full_ex")
	c.must("unmount", syscall.Unmount(dir, 0))
	_ = relay.Process.Kill() // fails if the relay has ended with the connection
	_ = relay.Wait()
}
