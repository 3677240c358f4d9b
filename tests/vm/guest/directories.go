//go:build linux

package main

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"fullex/tests/listing"
)

// directories looks at directories with the usual commands.
func directories(c *check) {
	own := c.filled(fmt.Sprintf("%s/pid/%d/full_ex", mountPoint, os.Getpid()), 1, 2)
	second := c.filled(mountPoint+"/pid/4194303/full_ex", 1, 2)
	all := []string{"/mnt", "/mnt/pid/1", "/mnt/pid/4194303"}
	for _, name := range listing.Root() {
		all = append(all, "/mnt/"+name)
	}
	long := "dr-xr-xr-x 2 0 . dr-xr-xr-x 4 0 .."
	for _, name := range listing.Devices() {
		all = append(all, "/mnt/each/"+name, "/mnt/pid/1/"+name, "/mnt/pid/4194303/"+name)
		long += " -rw-rw-rw- 1 0 " + name
	}
	slices.Sort(all)
	c.prints("find /mnt | sort", strings.Join(all, " "))
	c.prints("find /mnt -type d | sort", "/mnt /mnt/each /mnt/pid /mnt/pid/1 /mnt/pid/4194303")
	for path, want := range map[string]string{
		"": "555 4 directory", "/pid": "555 4 directory", "/each": "555 2 directory", "/pid/1": "555 2 directory",
		"/full_ex": "666 1 regular empty file", "/each/full_ex": "666 1 regular empty file", "/kmsg": "444 1 regular empty file",
		"/modules": "444 1 regular empty file", "/sessions": "444 1 regular empty file", "/ctl": "200 1 regular empty file",
	} {
		c.prints("stat -c '%a %h %F' /mnt"+path, want)
	}
	c.prints("ls -la /mnt/each | awk 'NR > 1 { print $1, $2, $5, $9 }'", long)
	c.sensibleInodes(len(all))
	c.prints("stat -f -c '%t %l' /mnt", "1021997 255")
	c.contains("df /mnt", "/mnt")
	c.close(second)
	c.prints("ls /mnt/pid", "1")
	c.close(own)
	c.prints("ls /mnt/pid", "")
	c.prints("stat -c %h /mnt/pid", "2")
}

// sensibleInodes expects a different inode number for each file, and the same numbers when it
// looks again.
func (c *check) sensibleInodes(files int) {
	const list = `find /mnt -exec stat -c %i {} \;`
	first := c.shell(list)
	seen := make(map[string]bool)
	for _, inode := range strings.Fields(first) {
		if n, err := strconv.ParseUint(inode, 10, 64); err != nil || n == 0 || seen[inode] {
			c.errorf("inode number %q is not a positive number, or two files have it", inode)
		}
		seen[inode] = true
	}
	c.same("number of inodes", len(seen), files)
	c.same("inodes the second time", c.shell(list), first)
}

// prints expects that a line of shell prints these words.
func (c *check) prints(line, want string) {
	c.same(line, strings.Join(strings.Fields(c.shell(line)), " "), want)
}
