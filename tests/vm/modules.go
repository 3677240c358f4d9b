package vm

import (
	"bytes"
	"debug/elf"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// module is a kernel module that the guest loads.
type module struct {
	name string
	code []byte // the unpacked .ko file
}

// loadOrder returns modules and all modules that they need, in an order in which they can be
// loaded. It reads from each module which others it needs, because an unpacked package has no
// modules.dep. It leaves out names without a file, which are built into the kernel.
func loadOrder(k Kernel, names []string) ([]module, error) {
	files, err := moduleFiles(k.Modules)
	if err != nil {
		return nil, err
	}
	var order []module
	seen := make(map[string]bool)
	var add func(name string) error
	add = func(name string) error {
		path, ok := files[name]
		if seen[name] || !ok {
			return nil
		}
		seen[name] = true
		code, err := readModule(path)
		if err != nil {
			return err
		}
		needs, err := needsOf(code)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		for _, need := range needs {
			if err := add(need); err != nil {
				return err
			}
		}
		order = append(order, module{name, code})
		return nil
	}
	for _, name := range names {
		if err := add(normal(name)); err != nil {
			return nil, err
		}
	}
	return order, nil
}

// moduleFiles maps module names to their files.
func moduleFiles(root string) (map[string]string, error) {
	files := make(map[string]string)
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if name, _, ok := strings.Cut(filepath.Base(path), ".ko"); ok && err == nil && !d.IsDir() {
			files[normal(name)] = path
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("look for modules: %w", err)
	}
	return files, nil
}

// normal returns a module's name as Linux writes it.
func normal(name string) string { return strings.ReplaceAll(name, "-", "_") }

// readModule returns the content of a .ko or .ko.xz file, unpacked.
func readModule(path string) ([]byte, error) {
	if !strings.HasSuffix(path, ".xz") {
		return os.ReadFile(path)
	}
	code, err := exec.Command("xz", "-dc", path).Output()
	if err != nil {
		return nil, fmt.Errorf("unpack %s: %w", path, err)
	}
	return code, nil
}

// needsOf returns the modules that a module needs, from "depends=a,b" in its section .modinfo.
func needsOf(code []byte) ([]string, error) {
	f, err := elf.NewFile(bytes.NewReader(code))
	if err != nil {
		return nil, fmt.Errorf("read the module: %w", err)
	}
	section := f.Section(".modinfo")
	if section == nil {
		return nil, fmt.Errorf("no section .modinfo")
	}
	info, err := section.Data()
	if err != nil {
		return nil, fmt.Errorf("read .modinfo: %w", err)
	}
	for entry := range strings.SplitSeq(string(info), "\x00") {
		if list, ok := strings.CutPrefix(entry, "depends="); ok && list != "" {
			return strings.Split(normal(list), ","), nil
		}
	}
	return nil, nil
}
