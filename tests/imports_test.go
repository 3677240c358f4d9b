package tests

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// layers are the project's packages from the top down. A package belongs to the layer with
// the longest name that its path begins with. It may import packages of the layers below its
// own, and packages within its folder.
var layers = []string{
	"fullex/cmd", "fullex/p9srv/faulty", "fullex/p9srv/strict", "fullex/device/faults", "fullex/p9srv/upgrade",
	"fullex/p9srv", "fullex/p9srv/vhostuser", "fullex/p9srv/client/load", "fullex/p9srv/client", "fullex/p9srv/endpoint", "fullex/p9srv/deadline",
	"fullex/p9srv/outside", "fullex/p9srv/tree", "fullex/p9srv/wire", "fullex/device", "fullex/deque", "fullex/device/contract",
}

// forbidden maps a package to prefixes of paths that it must not import.
var forbidden = map[string][]string{
	"fullex/deque":                 {"fullex/", "net", "os", "io", "sync", "github.com/"},
	"fullex/device":                {"fullex/device/contract", "github.com/", "golang.org/", "net", "os"},
	"fullex/device/contract":       {"fullex/", "github.com/", "net", "os"},
	"fullex/device/faults":         {"fullex/p9srv", "github.com/", "golang.org/", "net", "os"},
	"fullex/p9srv/vhostuser":       {"fullex/", "github.com/"},
	"fullex/p9srv/endpoint":        {"fullex/p9srv/tree", "fullex/device", "fullex/deque", "github.com/hugelgupf"},
	"fullex/p9srv/endpoint/rights": {"fullex/", "github.com/"},
	"fullex/p9srv/client/load":     {"fullex/device", "github.com/"},
	"fullex/p9srv/tree":            {"net", "os/exec"},
	"fullex/p9srv/wire":            {"fullex/", "net", "os", "io"},
}

// exceptions are imports that are allowed in spite of forbidden. Package vhostuser needs two:
//
//   - rights, because a front-end can send descriptors, and closing them must not wait
//   - deadline, because a time limit that passes while this process is stopped must not
//     close the connection
var exceptions = map[string][]string{"fullex/p9srv/vhostuser": {"fullex/p9srv/endpoint/rights", "fullex/p9srv/deadline"}}

type goPackage struct {
	ImportPath string
	Imports    []string
}

func TestImportsPointDownOnly(t *testing.T) {
	packages := goPackages(t)
	require.Greater(t, len(packages), 3)
	for _, p := range packages {
		from := layerOf(p.ImportPath)
		if from < 0 {
			continue // tests may import anything
		}
		for _, imported := range p.Imports {
			to := layerOf(imported)
			inside := strings.HasPrefix(imported, folder(p.ImportPath))
			assert.False(t, to >= 0 && to <= from && !inside, "%s imports %s", p.ImportPath, imported)
			assert.False(t, strings.HasPrefix(imported, "fullex/tests"), "%s imports %s", p.ImportPath, imported)
			for _, prefix := range forbidden[p.ImportPath] {
				bad := imported == prefix || strings.HasPrefix(imported, strings.TrimSuffix(prefix, "/")+"/")
				assert.False(t, bad && !slices.Contains(exceptions[p.ImportPath], imported), "%s imports %s", p.ImportPath, imported)
			}
		}
	}
}

func TestEveryPackageHasAPlaceInTheLayers(t *testing.T) {
	for _, p := range goPackages(t) {
		known := layerOf(p.ImportPath) >= 0 || strings.HasPrefix(p.ImportPath, "fullex/tests")
		assert.True(t, known, "%s", p.ImportPath)
	}
}

// layerOf returns the index of a package's layer, or -1 if it has none.
func layerOf(path string) int {
	found := -1
	for i, layer := range layers {
		if path != layer && !strings.HasPrefix(path, layer+"/") {
			continue
		}
		if found < 0 || len(layer) > len(layers[found]) {
			found = i
		}
	}
	return found
}

// folder returns what the paths of all packages in a package's folder begin with. Packages
// of one command share the command's folder.
func folder(path string) string {
	if rest, ok := strings.CutPrefix(path, "fullex/cmd/"); ok {
		name, _, _ := strings.Cut(rest, "/")
		return "fullex/cmd/" + name + "/"
	}
	return path + "/"
}

// goPackages returns all packages of the module with their imports.
func goPackages(t *testing.T) []goPackage {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "fullex/...").Output()
	require.NoError(t, err)
	var packages []goPackage
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			return packages
		}
		require.NoError(t, err)
		packages = append(packages, p)
	}
}
