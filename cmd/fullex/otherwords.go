package main

import (
	"slices"

	"github.com/urfave/cli/v2"
)

// otherCommands are words that people type, and the commands that do what they mean.
var otherCommands = map[string]string{
	"version": "fullex --version",
	"log":     "dmesg", "logs": "dmesg", "kmsg": "dmesg", "journal": "dmesg",
	"server": "serve", "start": "serve", "daemon": "serve", "listen": "serve", "export": "serve",
	"reload": "upgrade", "restart": "upgrade", "update": "upgrade",
	"unmount": "umount",
	"open":    "shell", "push": "shell", "pop": "shell", "repl": "shell", "connect": "shell",
	"list": "ls", "dir": "ls", "read": "cat", "echo": "write",
	"load": "insmod", "modprobe": "insmod", "unload": "rmmod", "modules": "lsmod",
	"test": "check", "selftest": "check", "grade": "check", "exec": "run",
	"ps": "sessions", "who": "sessions", "clients": "sessions",
	"strace": "trace", "tcpdump": "trace", "benchmark": "bench", "manual": "man", "completions": "completion",
}

// otherFlags are flags that people type, and those that do what they mean. Of these a
// command has one at most.
var otherFlags = map[string][]string{
	"V":    {"version"},
	"port": {"listen"}, "p": {"listen"}, "addr": {"listen"}, "address": {"listen"}, "bind": {"listen"}, "host": {"listen"},
	"socket": {"listen", "socket-path"}, "path": {"socket-path", "file"}, "l": {"listen"},
	"verbose": {"log-level"}, "quiet": {"log-level"}, "debug": {"log-level"}, "level": {"log-level"},
	"modules": {"module"}, "faults": {"list-faults"},
	"json":      {"format", "log-format"},
	"read-only": {"ro"}, "readonly": {"ro"}, "background": {"daemon"}, "detach": {"daemon", "lazy"}, "options": {"o"},
}

// otherFlag returns the flag that does what another word means, or "": one of a command, or
// of the program.
func otherFlag(flags []cli.Flag, word string) string {
	for _, f := range flags {
		for _, name := range f.Names() {
			if slices.Contains(otherFlags[word], name) {
				return dashed(name)
			}
		}
	}
	if word == "version" || word == "V" {
		return "fullex --version"
	}
	return ""
}
