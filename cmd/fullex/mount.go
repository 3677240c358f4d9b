package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"fullex/cmd/fullex/internal/v9fs"
	"fullex/p9srv/endpoint"
)

func mountCommand() *cli.Command {
	return &cli.Command{
		Name:      "mount",
		Usage:     "mount a server at a directory",
		ArgsUsage: "[TARGET] DIR",
		Description: "With FUSE, the default, every process has a deque of its own, as with the kernel\n" +
			"module, and nobody needs root. Without TARGET the mount has its own server.\n\n" +
			"    fullex mount /tmp/dev\n\n" +
			"With --v9fs the kernel's 9p client mounts, which needs root. Without TARGET it\n" +
			"mounts the server that \"fullex serve\" without flags starts on this machine. If\n" +
			"fullex is installed as /sbin/mount.fullex, \"mount -t fullex\" and fstab use it.\n\n" +
			"TARGET is an endpoint: " + endpoint.ClientForms() + ".",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "fuse", Usage: "mount with FUSE (the default)"},
			&cli.BoolFlag{Name: "v9fs", Usage: "mount with the kernel's 9p client"},
			&cli.BoolFlag{Name: "ro", Usage: "mount for reading only"},
			&cli.BoolFlag{Name: "allow-other", Usage: "FUSE: let other users in (the server must allow this mount to act for them)"},
			&cli.BoolFlag{Name: "reconnect", Usage: "FUSE: connect again when TARGET comes back; files that were open give EIO"},
			&cli.BoolFlag{Name: "foreground", Usage: "FUSE: stay until SIGINT or umount (the default)"},
			&cli.BoolFlag{Name: "daemon", Usage: "FUSE: return when the mount answers, and keep it in the background"},
			&cli.IntFlag{Name: "ready-fd", Hidden: true, Usage: "report on descriptor `N` that the mount answers"},
			&cli.StringSliceFlag{Name: "o", KeepSpace: true, Usage: "v9fs: mount with `OPTIONS`, such as aname=/each,ro; trans=fd connects in this program instead of in the kernel (repeatable)"},
			&cli.BoolFlag{Name: "fake", Aliases: []string{"f"}, Usage: "v9fs: check everything but do not mount, as mount -f"},
			&cli.StringFlag{Name: "print", Usage: "v9fs: do not mount but print `FORM`: mount (a command) or fstab (a line)"},
		},
		OnUsageError: oneLine,
		Action: func(c *cli.Context) error {
			args, err := arguments(c, 1, 2)
			if err != nil {
				return err
			}
			if last := args[len(args)-1]; strings.HasPrefix(last, "-") {
				return fmt.Errorf("mount: %s after the arguments: flags come first", last)
			}
			if c.Bool("v9fs") {
				return mountV9FS(c, args)
			}
			return mountFUSE(c, args)
		},
	}
}

// mountV9FS mounts with the kernel's client.
func mountV9FS(c *cli.Context, args []string) error {
	for _, flag := range []string{"fuse", "allow-other", "reconnect", "foreground", "daemon"} {
		if c.Bool(flag) {
			return fmt.Errorf("mount: --%s is a flag of FUSE, not of --v9fs", flag)
		}
	}
	options := v9fs.ParseOptions(c.StringSlice("o")...)
	if c.Bool("ro") {
		options = append(options, "ro")
	}
	e, err := mountTarget(args)
	if err != nil {
		return err
	}
	if e.IsZero() {
		e = defaultTarget(os.Geteuid())
	}
	return mount(c, c.String("print"), e, args[len(args)-1], options)
}

// mountTarget returns TARGET of the arguments of mount, or the zero Endpoint without one.
func mountTarget(args []string) (endpoint.Endpoint, error) {
	if len(args) < 2 {
		return endpoint.Endpoint{}, nil
	}
	return endpoint.Parse(args[0])
}

// mount mounts a server with the kernel's client, or prints how to do so in a form.
func mount(c *cli.Context, form string, e endpoint.Endpoint, dir string, options v9fs.Options) error {
	ctx, cancel := context.WithTimeout(c.Context, connectTime)
	defer cancel()
	m := v9fs.Mount{Endpoint: e, Dir: dir, Options: options, Fake: c.Bool("fake")}
	var text string
	var err error
	switch form {
	case "":
		return m.Do(ctx)
	case "mount":
		text, err = m.Line(ctx)
	case "fstab":
		text, err = m.Fstab(ctx)
	default:
		return fmt.Errorf("--print %s: want mount or fstab", form)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(c.App.Writer, text)
	return err
}

func umountCommand() *cli.Command {
	return &cli.Command{
		Name:         "umount",
		Usage:        "unmount a directory",
		ArgsUsage:    "DIR",
		Description:  "    fullex umount /tmp/dev",
		Flags:        []cli.Flag{&cli.BoolFlag{Name: "lazy", Aliases: []string{"l"}, Usage: "detach a mount that is in use; it ends when nothing uses it"}},
		OnUsageError: oneLine,
		Action: func(c *cli.Context) error {
			args, err := arguments(c, 1, 1)
			if err != nil {
				return err
			}
			return v9fs.Unmount(args[0], c.Bool("lazy"))
		},
	}
}
