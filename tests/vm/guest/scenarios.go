//go:build linux

package main

import (
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// scenarios are the scenarios that run by default, by name. No session is open after each.
var scenarios = map[string]func(*check){
	"contract":           everyRow,
	"contract-pid":       contractOfPID,
	"open-flags":         openFlags,
	"attributes":         attributes,
	"quiet-changes":      quietChanges,
	"changes":            changes,
	"oracle":             replayOracle,
	"oracle-state":       replayWatched,
	"two-users":          twoUsers,
	"processes":          processes,
	"aname-each":         anameEach,
	"read-sizes":         readSizes,
	"kill-holder":        killHolder,
	"kill-caller":        killCaller,
	"shared-descriptor":  sharedDescriptor,
	"unmount":            unmountAndBack,
	"directories":        directories,
	"text-files":         textFiles,
	"text-reads":         textReads,
	"ways-to-read":       waysToRead,
	"opened-to-read":     openedToRead,
	"large-messages":     largeMessages,
	"tools":              tools,
	"seek-back":          seekBack,
	"one-inode":          oneInodeTwoUsers,
	"count-all":          countAll,
	"mount-options":      mountOptions,
	"with-xattr":         withXattr,
	"other-dialects":     otherDialects,
	"access":             accessOptions,
	"lazy-unmount":       lazyUnmount,
	"busy-listing":       busyListing,
	"everyday":           everyday,
	"refused-and-synced": refusedAndSynced,
	"mount-command":      mountCommand,
	"check-command":      checkCommand,
	"vsock":              overVsock,
	"vsock-upgrade":      upgradedOverVsock,
	"host-directory":     hostDirectory,
	"serial-relay":       serialRelay,
	"fuse":               overFUSE,
	"programs":           modulePrograms,
	"fuse-programs":      programsOverFUSE,
	"fuse-pages":         pagesOverFUSE,
	"shell-recipe":       shellRecipe,
	"unix-socket":        unixSocket,
	"walkthrough":        walkthrough,
}

// readSizes reads with many counts, among them every count near the largest that fits a
// message. Each read pops one value, and at the end none is missing.
func readSizes(c *check) {
	counts := []int{4, 5, 6, 7, 8, 9, 12, 100, 4095, 4096, 4097, 8192, 32768, 100_000, 131_048, 131_072, 200_000, 600_000}
	for count := 65_505; count <= 65_545; count++ {
		counts = append(counts, count)
	}
	d := c.open(plain)
	c.write(d, []byte{100}, "1")
	for i := range counts {
		c.write(d, value(int32(2*i)), "4")
	}
	// Where the last write ended, reads of any size work on every kernel.
	for i, count := range counts {
		c.read(d, count, int32(2*i))
	}
	c.refusedRead(d, 4096, "EACCES")
	c.close(d)
}

// unmountAndBack unmounts and mounts several times. Unmounting must be quick, and must be
// refused while a file is open.
func unmountAndBack(c *check) {
	const quick = 5 * time.Second
	for range 5 {
		start := time.Now()
		c.must("unmount", unmount())
		if took := time.Since(start); took > quick {
			c.errorf("unmount took %v", took)
		}
		c.must("mount", mount(""))
		d := c.filled(plain, 2, 4)
		c.same("unmount with an open file", outcome(0, syscall.Unmount(mountPoint, 0)), "EBUSY")
		c.read(d, 4, 4)
		c.close(d)
	}
}

// shellRecipe runs the commands that the README shows.
func shellRecipe(c *check) {
	cmd := exec.Command("/bin/busybox", "sh", "/recipe.sh")
	cmd.Dir = mountPoint
	out, err := cmd.CombinedOutput()
	c.must("run the recipe", err)
	c.same("output", strings.Fields(string(out)), []string{"3", "1", "2"})
}
