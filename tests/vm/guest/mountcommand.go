//go:build linux

package main

import (
	"os"
	"strings"

	"fullex/tests/listing"
)

// mountCommand mounts in every way of fullex mount --v9fs and mount.fullex. It uses each mount
// and unmounts it.
func mountCommand(c *check) {
	tcp := "tcp:10.0.2.2:" + kernelArgument("fullex.port")
	withServer(c, func() {
		c.must("mkdir", os.MkdirAll(ownMount, 0o755))
		for _, line := range []string{
			"fullex mount --v9fs " + tcp + " " + ownMount,
			"fullex mount --v9fs -o trans=fd " + tcp + " " + ownMount,
			"fullex mount --v9fs unix:" + socket + " " + ownMount,
			"fullex mount --v9fs -o trans=fd,cache=mmap unix:" + socket + " " + ownMount,
			"$(fullex mount --v9fs --print mount unix:" + socket + " " + ownMount + ")",
			"mount.fullex unix:" + socket + " " + ownMount + " -o rw,noatime",
			"mount -t fullex unix:" + socket + " " + ownMount,
			"fullex mount --v9fs --print fstab unix:" + socket + " " + ownMount + " > /etc/fstab && mount " + ownMount,
			"fullex mount --v9fs --print fstab -o trans=fd unix:" + socket + " " + ownMount + " > /etc/fstab && mount " + ownMount,
		} {
			c.same(line, c.typed(line), "")
			contractOf(c, ownMount+"/full_ex")
			c.same("umount", c.typed("fullex umount "+ownMount), "")
		}
		c.same("ro", c.typed("fullex mount --v9fs -o ro unix:"+socket+" "+ownMount), "")
		c.refusedOpen(ownMount+"/full_ex", "EROFS")
		c.same("umount", c.typed("fullex umount "+ownMount), "")
		c.same("aname", c.typed("fullex mount --v9fs -o aname=/each unix:"+socket+" "+ownMount+"; ls "+ownMount), strings.Join(listing.Devices(), "\n")+"\n")
		d := c.filled(ownMount+"/full_ex", 1, 2)
		c.has("fullex umount "+ownMount, "a program has a file or directory of it open")
		c.same("umount --lazy", c.typed("fullex umount --lazy "+ownMount), "")
		c.read(d, 4, 2)
		c.close(d)
		c.has("fullex umount "+ownMount, "nothing is mounted there")
		c.has("fullex mount --v9fs unix:"+socket+" /nosuch", "the directory to mount at must exist")
		c.has("fullex mount --v9fs -o nonsense=1 unix:"+socket+" "+ownMount+" && fullex umount "+ownMount, "")
		c.has("fullex mount --v9fs -o aname=/nosuch unix:"+socket+" "+ownMount, "no such file or directory")
		c.has("fullex mount --v9fs unix:/nosuch "+ownMount, "is fullex serve running there?")
	})
}

// typed runs a line of shell as if root typed it, and returns what it prints on both outputs.
func (c *check) typed(line string) string {
	return c.shell("PATH=/bin:/sbin; export PATH; { " + line + "; } 2>&1")
}

// has runs a line of shell, which may fail. It must print at most one line, with the words of
// want in it.
func (c *check) has(line, want string) {
	out := c.shell("PATH=/bin:/sbin; export PATH; { " + line + "; } 2>&1 || true")
	if !strings.Contains(out, want) || strings.Count(out, "\n") > 1 {
		c.errorf("%s: %q, want one line with %q", line, out, want)
	}
}

// overVsock uses vsock within the guest: commands, and a mount for which fullex connects and
// passes the socket to Linux.
func overVsock(c *check) {
	const endpoint = "vsock:1:5640" // VMADDR_CID_LOCAL
	withServer(c, func() {
		c.must("mkdir", os.MkdirAll(ownMount, 0o755))
		c.same("shell", c.typed("printf 'open\ninit 3\npush 1 2 3\npop 3\n' | fullex shell "+endpoint), "3\n1\n2\n")
		c.same("mount", c.typed("fullex mount --v9fs "+endpoint+" "+ownMount), "")
		contractOf(c, ownMount+"/full_ex")
		together(c, members(ownMount+"/full_ex", alice, bob))
		d := c.filled(ownMount+"/full_ex", 3)
		c.contains("cat "+ownMount+"/sessions", "vsock,cid=1")
		c.close(d)
		c.has("fullex rmmod "+endpoint+" full_ex", "permission denied")
		c.same("umount", c.typed("fullex umount "+ownMount), "")
		c.has("fullex ls vsock:1:1", "connect to vsock:1:1")
	}, "--listen", endpoint)
}
