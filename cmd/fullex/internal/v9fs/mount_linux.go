package v9fs

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

func sysMount(source, dir string, flags uintptr, data string) error {
	return unix.Mount(source, dir, "9p", flags, data)
}

// explained says what an errno of mount(2) means for a 9p mount.
func explained(err error) error {
	switch {
	case errors.Is(err, unix.EPERM):
		return fmt.Errorf("%w: only root may mount", err)
	case errors.Is(err, unix.ENODEV):
		return fmt.Errorf("%w: this kernel has no file system 9p; load module 9p (modprobe 9p), or use one that has it", err)
	case errors.Is(err, unix.EINVAL), errors.Is(err, unix.EPROTONOSUPPORT), errors.Is(err, unix.ESRCH):
		return fmt.Errorf("%w: an option that this kernel does not take, or no transport for sockets (modprobe 9pnet_fd); dmesg says which", err)
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ENOTDIR):
		return fmt.Errorf("%w: the directory to mount at must exist, and aname= name one that the server has", err)
	}
	return err
}

// Unmount ends a mount of 9p or of this program's. lazy takes it out of the tree
// at once and ends it when its last file is closed.
func Unmount(dir string, lazy bool) error {
	path, err := mountPoint(dir)
	if err != nil {
		return fmt.Errorf("find the directory: %w", err)
	}
	kind, err := mountedKind(path)
	if err != nil {
		return err
	}
	if kind != "9p" && kind != fuseKind {
		return fmt.Errorf("umount %s: it is no mount of a 9P server, but %s", dir, kind)
	}
	flags := unix.UMOUNT_NOFOLLOW
	if lazy {
		flags |= unix.MNT_DETACH
	}
	err = unix.Unmount(path, flags)
	switch {
	case errors.Is(err, unix.EBUSY):
		return fmt.Errorf("umount %s: %w: a program has a file or directory of it open (fuser -vm %[1]s); --lazy does not wait for it", dir, err)
	case errors.Is(err, unix.EPERM) && kind == fuseKind:
		return fusermount(path, lazy)
	case errors.Is(err, unix.EPERM):
		return fmt.Errorf("umount %s: %w: only root may", dir, err)
	case err != nil:
		return fmt.Errorf("umount %s: %w", dir, err)
	}
	return nil
}

// fuseKind is the type of this program's FUSE mounts.
const fuseKind = "fuse.fullex"

// fusermount ends a FUSE mount of a user who is not root (fusermount3(1)).
func fusermount(path string, lazy bool) error {
	how := "-u"
	if lazy {
		how = "-uz"
	}
	out, err := exec.Command("fusermount3", how, path).CombinedOutput()
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return fmt.Errorf("umount %s: without root, fusermount3 must be installed (package fuse3)", path)
	case err != nil && lazy:
		return fmt.Errorf("umount %s: %s", path, strings.TrimSpace(string(out)))
	case err != nil: // it says in words only that the mount is in use
		return fmt.Errorf("umount %s: %s (if a program has a file or directory of it open, --lazy does not wait for it)", path, strings.TrimSpace(string(out)))
	}
	return nil
}

// mountPoint is the path of a directory as the kernel names it. Only its parent is
// looked at, and whether it is a link, which no file system is asked: the directory
// itself may be of a mount that is dead, or whose server hangs.
func mountPoint(dir string) (string, error) {
	path, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if _, err := os.Readlink(path); err == nil {
		return filepath.EvalSymlinks(path)
	}
	parent, err := filepath.EvalSymlinks(filepath.Dir(path))
	return filepath.Join(parent, filepath.Base(path)), err
}

// mountedKind returns the type of the file system that is mounted at a path, the
// last one if there are several (proc(5), /proc/PID/mountinfo).
func mountedKind(path string) (kind string, err error) {
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return "", fmt.Errorf("see what is mounted: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		before, after, _ := strings.Cut(lines.Text(), " - ")
		fields, rest := strings.Fields(before), strings.Fields(after)
		if len(fields) > 4 && len(rest) > 0 && unescaped(fields[4]) == path {
			kind = rest[0]
		}
	}
	if err := lines.Err(); err != nil {
		return "", fmt.Errorf("see what is mounted: %w", err)
	}
	if kind == "" {
		return "", fmt.Errorf("umount %s: %w", path, ErrNotMounted)
	}
	return kind, nil
}

// unescaped undoes the octal blanks of mountinfo.
func unescaped(field string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(field)
}
