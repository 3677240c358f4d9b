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
		Description: "TARGET is an endpoint: " + endpoint.ClientForms() + ".\n\n" +
			"With FUSE, the default, every process has a deque of its own at the plain path,\n" +
			"as with the kernel module, and nobody needs to be root. Without TARGET it serves\n" +
			"from this same process.\n\n" +
			"With --v9fs it is the kernel's 9p client that mounts, which needs root. Without\n" +
			"TARGET it mounts what fullex serve serves on this machine if told nothing else.\n" +
			"Installed as /sbin/mount.fullex it serves mount -t fullex and fstab.",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "fuse", Usage: "mount with FUSE: the default"},
			&cli.BoolFlag{Name: "v9fs", Usage: "mount with the kernel's 9p client"},
			&cli.BoolFlag{Name: "ro", Usage: "for reading only"},
			&cli.BoolFlag{Name: "allow-other", Usage: "FUSE: let other users in, as whom the server must let the mount act"},
			&cli.BoolFlag{Name: "reconnect", Usage: "FUSE: come back when TARGET does after it was gone; what was open then gives EIO"},
			&cli.BoolFlag{Name: "foreground", Usage: "FUSE: stay until SIGINT or umount: the default"},
			&cli.BoolFlag{Name: "daemon", Usage: "FUSE: return when the mount answers, and go on in the background"},
			&cli.IntFlag{Name: "ready-fd", Hidden: true, Usage: "say on this descriptor that the mount answers"},
			&cli.StringSliceFlag{Name: "o", KeepSpace: true, Usage: "v9fs: `OPTIONS` of the mount, separated by commas, such as aname=/each,ro; trans=fd connects here instead of in the kernel"},
			&cli.BoolFlag{Name: "fake", Aliases: []string{"f"}, Usage: "v9fs: check everything and do not mount, as mount -f"},
			&cli.StringFlag{Name: "print", Usage: "v9fs: print how to do it instead: `FORM` is mount, for a command, or fstab"},
		},
		OnUsageError: oneLine,
		Action: func(c *cli.Context) error {
			args, err := arguments(c, 1, 2)
			if err != nil {
				return err
			}
			if last := args[len(args)-1]; strings.HasPrefix(last, "-") {
				return fmt.Errorf("mount: %s behind the arguments: flags come first", last)
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
			return fmt.Errorf("mount: --%s is of FUSE, --v9fs is not", flag)
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

// mountTarget returns the target among the arguments of mount, or the zero Endpoint.
func mountTarget(args []string) (endpoint.Endpoint, error) {
	if len(args) < 2 {
		return endpoint.Endpoint{}, nil
	}
	return endpoint.Parse(args[0])
}

// mount mounts a server, or prints how to.
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
		Usage:        "end a mount of a server",
		ArgsUsage:    "DIR",
		Flags:        []cli.Flag{&cli.BoolFlag{Name: "lazy", Aliases: []string{"l"}, Usage: "also if something of it is in use: it ends with that"}},
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
