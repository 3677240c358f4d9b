package v9fs

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"fullex/cmd/fullex/internal/fusermount"
	"fullex/cmd/fullex/internal/quote"
)

func sysMount(source, dir string, flags uintptr, data string) error {
	return unix.Mount(source, dir, "9p", flags, data)
}

// explained adds what an errno of mount(2) means for a 9p mount.
func explained(err error) error {
	switch {
	case errors.Is(err, unix.EPERM):
		return fmt.Errorf("%w: only root may mount", err)
	case errors.Is(err, unix.ENODEV):
		return fmt.Errorf("%w: this kernel has no file system 9p; load module 9p (modprobe 9p), or use one that has it", err)
	case errors.Is(err, unix.EINVAL), errors.Is(err, unix.EPROTONOSUPPORT), errors.Is(err, unix.ESRCH):
		return fmt.Errorf("%w: this kernel refuses an option, or has no transport for sockets (modprobe 9pnet_fd); dmesg says which", err)
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ENOTDIR):
		return fmt.Errorf("%w: the directory to mount at must exist, and aname= must name a directory of the server", err)
	}
	return err
}

// Unmount ends a 9p mount or a FUSE mount of this program. With lazy the mount disappears
// from its directory at once, and ends when its last file is closed.
func Unmount(dir string, lazy bool) error {
	path, err := MountPoint(dir)
	if err != nil {
		return fmt.Errorf("umount %s: %w", dir, err)
	}
	parent, err := fusermount.OpenParent(path)
	if err != nil {
		return fmt.Errorf("umount %s: %w", dir, err)
	}
	defer func() { _ = parent.Close() }() // nothing was written
	kind, err := mountedKind(path)
	if err != nil {
		return err
	}
	if kind != "9p" && kind != fuseKind {
		return fmt.Errorf("umount %s: not a mount of a 9P server, but of type %s", dir, kind)
	}
	if kind == fuseKind {
		err = fusermount.UnmountIn(parent, path, lazy)
	} else {
		err = fusermount.SyscallIn(parent, path, lazy)
	}
	switch {
	case errors.Is(err, unix.EBUSY):
		return fmt.Errorf("umount %s: %w: a program has a file or directory of it open (fuser -vm %s); --lazy does not wait for it", dir, err, quote.Shell(dir))
	case errors.Is(err, unix.EPERM):
		return fmt.Errorf("umount %s: %w: only root may unmount it", dir, err)
	case err != nil:
		return fmt.Errorf("umount %s: %w", dir, err)
	}
	return nil
}

// fuseKind is the type of this program's FUSE mounts.
const fuseKind = "fuse.fullex"

// MountPoint returns the path of a directory as the kernel names it: absolute and without
// symbolic links. It does not ask the file system at the directory: that mount may be dead,
// or its server may hang.
func MountPoint(dir string) (string, error) {
	fd, err := unix.Open(dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return "", err
	}
	path, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd))
	if errors.Is(err, os.ErrNotExist) { // no /proc
		if path, err = filepath.EvalSymlinks(dir); err == nil {
			path, err = filepath.Abs(path)
		}
	}
	return path, errors.Join(err, unix.Close(fd))
}

// mounted is a mount of this process's namespace.
type mounted struct{ path, kind, device string }

// mounts returns all mounts. Of several at one path the uppermost comes last (proc(5),
// /proc/PID/mountinfo).
func mounts() (all []mounted, err error) {
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return nil, fmt.Errorf("list the mounts: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		before, after, _ := strings.Cut(lines.Text(), " - ")
		fields, rest := strings.Fields(before), strings.Fields(after)
		if len(fields) > 4 && len(rest) > 0 {
			all = append(all, mounted{path: unescaped(fields[4]), kind: rest[0], device: fields[2]})
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("list the mounts: %w", err)
	}
	return all, nil
}

// mountedKind returns the type of the file system that is mounted at a path. If there are
// several, it is that of the uppermost.
func mountedKind(path string) (kind string, err error) {
	all, err := mounts()
	if err != nil {
		return "", err
	}
	for _, m := range all {
		if m.path == path {
			kind = m.kind
		}
	}
	if kind == "" {
		return "", fmt.Errorf("umount %s: nothing is mounted there", path)
	}
	return kind, nil
}

// PathOf returns the path at which the file system with a device number (stat(2), st_dev)
// is mounted. It is "" if that is not mounted any more. The path changes if a directory
// above is renamed.
func PathOf(device uint64) (path string, err error) {
	all, err := mounts()
	if err != nil {
		return "", err
	}
	number := fmt.Sprintf("%d:%d", unix.Major(device), unix.Minor(device))
	top := make(map[string]string)
	for _, m := range all {
		top[m.path] = m.device
		if m.device == number {
			path = m.path
		}
	}
	if path != "" && top[path] != number {
		return "", fmt.Errorf("another file system is mounted over it at %s", path)
	}
	return path, nil
}

// DeviceAt returns the device number (stat(2), st_dev) of the uppermost file system that is
// mounted at a path. It reads mountinfo, because stat(2) would wait for the program that
// serves the mount.
func DeviceAt(path string) (device uint64, err error) {
	all, err := mounts()
	if err != nil {
		return 0, err
	}
	for _, m := range slices.Backward(all) {
		if m.path != path {
			continue
		}
		var major, minor uint32
		if _, err := fmt.Sscanf(m.device, "%d:%d", &major, &minor); err != nil {
			return 0, fmt.Errorf("device %q of the mount at %s: %w", m.device, path, err)
		}
		return unix.Mkdev(major, minor), nil
	}
	return 0, fmt.Errorf("nothing is mounted at %s", path)
}

// unescaped replaces mountinfo's octal escapes of blanks and backslashes.
func unescaped(field string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(field)
}
