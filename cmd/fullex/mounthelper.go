package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// mountHelper is the name by which mount(8) runs this program for -t fullex.
const mountHelper = "mount.fullex"

// asMountHelper turns what mount(8) passes to a helper,
//
//	mount.fullex SPEC DIR [-sfnv] [-N NAMESPACE] [-o OPTIONS] [-t TYPE]
//
// into the command line of the same mount (mount(8), EXTERNAL HELPERS). Other
// command lines stay as they are.
func asMountHelper(args []string) ([]string, error) {
	if filepath.Base(args[0]) != mountHelper {
		return args, nil
	}
	var operands, options []string
	for rest := args[1:]; len(rest) > 0; rest = rest[1:] {
		word := rest[0]
		if !strings.HasPrefix(word, "-") || word == "-" {
			operands = append(operands, word)
			continue
		}
		if !slices.Contains([]string{"-o", "-N", "-t"}, word) {
			continue // -s, -f, -n, -v and what may come: nothing to do for a mount of ours
		}
		if len(rest) < 2 {
			return nil, fmt.Errorf("%s: %s wants a value", mountHelper, word)
		}
		if word == "-o" {
			options = append(options, "-o", rest[1])
		}
		rest = rest[1:]
	}
	if len(operands) != 2 {
		return nil, fmt.Errorf("%s: want ENDPOINT DIR [-o OPTIONS], such as unix:/run/fullex/fullex.sock /mnt", mountHelper)
	}
	line := append([]string{"fullex", "mount", "--v9fs"}, options...)
	return append(line, operands...), nil
}
