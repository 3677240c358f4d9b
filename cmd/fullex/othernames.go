package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// mountHelper is the name by which mount(8) runs this program for -t fullex.
const mountHelper = "mount.fullex"

// vhostBackend is the name by which managers of virtual machines run it.
const vhostBackend = "vhost-user-9p"

// asCalled returns args, which begin with the name of the program. If that is one of its
// other names, asCalled returns the same command line for the name fullex.
func asCalled(args []string) ([]string, error) {
	switch filepath.Base(args[0]) {
	case mountHelper:
		return asMountHelper(args)
	case vhostBackend:
		return append([]string{"fullex", vhostBackend}, args[1:]...), nil
	}
	return args, nil
}

// asMountHelper turns what mount(8) passes to a helper,
//
//	mount.fullex SPEC DIR [-sfnv] [-N NAMESPACE] [-o OPTIONS] [-t TYPE]
//
// into the command line of the same mount (mount(8), EXTERNAL HELPERS).
func asMountHelper(args []string) ([]string, error) {
	var operands, options []string
	fake := false
	for rest := args[1:]; len(rest) > 0; rest = rest[1:] {
		word := rest[0]
		if !strings.HasPrefix(word, "-") || word == "-" {
			operands = append(operands, word)
			continue
		}
		letters, value := word[1:], ""
		if i := strings.IndexAny(letters, "oNt"); i >= 0 { // its value is the rest of the word or the next one
			letters, value = letters[:i+1], letters[i+1:]
			if value == "" && len(rest) < 2 {
				return nil, fmt.Errorf("%s: %s wants a value", mountHelper, word)
			}
			if value == "" {
				value, rest = rest[1], rest[1:]
			}
		}
		for _, letter := range letters {
			switch letter {
			case 'o':
				options = append(options, "-o", value)
			case 'f':
				fake = true
			case 'N':
				return nil, fmt.Errorf("%s: cannot mount in another namespace (-N)", mountHelper)
			case 's', 'n', 'v', 't': // these change nothing here
			default:
				return nil, fmt.Errorf("%s: no option -%c", mountHelper, letter)
			}
		}
	}
	if len(operands) != 2 {
		return nil, fmt.Errorf("%s: want ENDPOINT DIR [-o OPTIONS], such as unix:/run/fullex/fullex.sock /mnt", mountHelper)
	}
	line := []string{"fullex", "mount", "--v9fs"}
	if fake {
		line = append(line, "--fake")
	}
	return slices.Concat(line, options, operands), nil
}
