package fusermount

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	device = "/dev/fuse"
	config = "/etc/fuse.conf"
)

// Advice for a device that is missing or may not be opened.
const (
	noDeviceAdvice = "load the kernel's module (modprobe fuse), or give the container the device (docker run --device /dev/fuse)"
	closedAdvice   = "this user may not open /dev/fuse: its mode must be 0666, as udev makes it"
	noRightAdvice  = "mounting needs CAP_SYS_ADMIN and a mount namespace that belongs to it (docker run --cap-add SYS_ADMIN --device /dev/fuse, or unshare --map-root-user --mount)"
)

// withAdvice appends advice to an error, unless it is "".
func withAdvice(err error, advice string) error {
	if advice == "" {
		return err
	}
	return fmt.Errorf("%w: %s", err, advice)
}

// directAdvice returns advice for an error of open(2) on the device, or of mount(2).
func directAdvice(err error) string {
	var path *fs.PathError
	atDevice := errors.As(err, &path)
	switch {
	case atDevice && isMissing(err):
		return noDeviceAdvice
	case errors.Is(err, os.ErrPermission):
		return noRightAdvice
	case errors.Is(err, unix.ENODEV):
		return "this kernel has no FUSE (modprobe fuse)"
	case errors.Is(err, unix.ENOSPC):
		return "there are as many mounts as /proc/sys/fs/mount-max allows"
	case errors.Is(err, unix.EINVAL):
		return "this kernel refuses an option (dmesg says which)"
	}
	return ""
}

// mountAdvice returns advice for a mount that fusermount3 has refused.
func mountAdvice(helper, dir string, options []string) string {
	switch err := openDevice(); {
	case isMissing(err):
		return noDeviceAdvice
	case errors.Is(err, unix.EPERM): // the container may not use the device, whatever its mode
		return noRightAdvice
	case errors.Is(err, unix.EACCES):
		return closedAdvice
	}
	if advice := powerlessAdvice(helper); advice != "" {
		return advice
	}
	if slices.Contains(options, "allow_other") && !allowsOthers() {
		return "for other users, " + config + " must say user_allow_other"
	}
	if !mayMountAt(dir) {
		return "mount at a directory that you own and may write to"
	}
	return ""
}

// isMissing reports whether the device, or the kernel's module for it, is missing.
func isMissing(err error) bool {
	return errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENODEV) || errors.Is(err, unix.ENXIO)
}

func openDevice() error {
	f, err := os.OpenFile(device, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return f.Close()
}

// powerlessAdvice returns advice if fusermount3 cannot get the rights of root.
func powerlessAdvice(helper string) string {
	if set, err := unix.PrctlRetInt(unix.PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0); err == nil && set == 1 {
		return "this process has no_new_privs, so fusermount3 does not become root: start it without (systemd: NoNewPrivileges=no; docker: no --security-opt no-new-privileges)"
	}
	var fsys unix.Statfs_t
	if err := unix.Statfs(helper, &fsys); err == nil && fsys.Flags&unix.ST_NOSUID != 0 {
		return helper + " is on a file system mounted nosuid, so it does not become root: mount that without nosuid"
	}
	if !becomesRoot(helper) {
		return helper + " is not setuid root here: as root run chown root and chmod u+s on it, and start no user namespace without root"
	}
	return ""
}

// becomesRoot reports whether a program is setuid root or has capabilities.
func becomesRoot(program string) bool {
	var stat unix.Stat_t
	if err := unix.Stat(program, &stat); err != nil {
		return false
	}
	if stat.Mode&unix.S_ISUID != 0 && stat.Uid == 0 {
		return true
	}
	size, err := unix.Getxattr(program, "security.capability", nil)
	return err == nil && size > 0
}

// allowsOthers reports whether users may let others into their mounts (fuse(8)).
func allowsOthers() bool {
	text, err := os.ReadFile(config)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(strings.Split(string(text), "\n"), func(line string) bool {
		return strings.TrimSpace(line) == "user_allow_other"
	})
}

// mayMountAt reports whether fusermount3 accepts a directory: the user must be able to write
// to it, and must own it if its sticky bit is set.
func mayMountAt(dir string) bool {
	info, err := os.Stat(dir)
	if err != nil || unix.Access(dir, unix.W_OK) != nil {
		return false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && (info.Mode()&os.ModeSticky == 0 || int(stat.Uid) == os.Getuid())
}
