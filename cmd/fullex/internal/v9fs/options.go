package v9fs

import (
	"fmt"
	"slices"
	"strings"
)

// Options are the options of mount -o, split at commas, in order.
type Options []string

// ParseOptions splits the arguments of -o, each a list of options.
func ParseOptions(lists ...string) Options {
	var options Options
	for _, list := range lists {
		for option := range strings.SplitSeq(list, ",") {
			if option != "" {
				options = append(options, option)
			}
		}
	}
	return options
}

// forMount are options that are for mount(8) and systemd, not for the kernel.
var forMount = []string{
	"defaults", "auto", "noauto", "user", "nouser", "users", "owner", "group", "_netdev", "nofail",
}

// flagOptions are options that are flags of mount(2): MS_* of Linux's sys/mount.h. They are
// numbers here, because this file is built on every system.
var flagOptions = map[string]uintptr{
	"ro": 1, "nosuid": 2, "nodev": 4, "noexec": 8, "sync": 16, "dirsync": 128, "noatime": 1024,
	"nodiratime": 2048, "relatime": 1 << 21, "strictatime": 1 << 24, "silent": 1 << 15,
}

// undone are the flags that an option cancels. Of several options the last one counts.
var undone = map[string]uintptr{
	"rw": 1, "suid": 2, "dev": 4, "exec": 8, "async": 16, "atime": 1024, "diratime": 2048,
	"norelatime": 1 << 21, "nostrictatime": 1 << 24, "loud": 1 << 15,
}

// split splits options into flags of mount(2) and data for the file system.
func (o Options) split() (flags uintptr, data Options, err error) {
	for _, option := range o {
		switch flag, isFlag := flagOptions[option]; {
		case isFlag:
			flags |= flag
		case undone[option] != 0:
			flags &^= undone[option]
		case slices.Contains([]string{"remount", "bind", "rbind", "move"}, option):
			return 0, nil, fmt.Errorf("option %s: only new mounts can be made", option)
		case slices.Contains(forMount, option), strings.HasPrefix(option, "x-"), strings.HasPrefix(option, "comment="):
		default:
			data = append(data, option)
		}
	}
	return flags, data, nil
}

// value returns the value of the last option NAME=VALUE, and whether there is one.
func (o Options) value(name string) (value string, ok bool) {
	for _, option := range o {
		if v, found := strings.CutPrefix(option, name+"="); found {
			value, ok = v, true
		}
	}
	return value, ok
}

// without returns the options except those with some names, with or without a value.
func (o Options) without(names ...string) Options {
	return slices.DeleteFunc(slices.Clone(o), func(option string) bool {
		name, _, _ := strings.Cut(option, "=")
		return slices.Contains(names, name)
	})
}

// has reports whether there is an option with a name, with or without a value.
func (o Options) has(name string) bool { return len(o.without(name)) < len(o) }

// withOurs puts the options that every mount needs before those given, unless these say
// otherwise. noxattr saves a message for every write (Linux 6.8 and later). It drops the
// option xattr, which only says that noxattr is not wanted.
func (o Options) withOurs() Options {
	var ours Options
	if !o.has("version") {
		ours = append(ours, "version=9p2000.L")
	}
	if !o.has("noxattr") && !o.has("xattr") {
		ours = append(ours, "noxattr")
	}
	return append(ours, o.without("xattr")...)
}
