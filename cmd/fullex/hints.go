package main

import (
	"errors"
	"syscall"
)

// controlHint returns what an errno of ctl means, in parentheses, or "".
func controlHint(verb string, err error) string {
	for _, hint := range []struct {
		verb  string
		errno syscall.Errno
		text  string
	}{
		{"insmod", syscall.EEXIST, "it is loaded already"},
		{"insmod", syscall.EINVAL, "there is no such module"},
		{"rmmod", syscall.ENOENT, "it is not loaded"},
		{"rmmod", syscall.EINVAL, "there is no such module"},
		{verb, syscall.EACCES, "only root and the user who runs the server may do this, over its unix socket"},
	} {
		if hint.verb == verb && errors.Is(err, hint.errno) {
			return " (" + hint.text + ")"
		}
	}
	return ""
}
