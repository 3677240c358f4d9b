package contractfile

import (
	"bytes"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/device/contract"
)

func printed(t *testing.T, f File) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, f.Print(&b))
	return b.Bytes()
}

func TestPrintedFilesAreReadAsTheSame(t *testing.T) {
	changed := Of(contract.Assignment)
	changed.Path, changed.Hidden = "/proc/\"deque\"_*\t\\é", []string{"open.", "read.one"}
	changed.Contract.Order, changed.Contract.SecondOpen = contract.LIFO, contract.OwnDeque
	changed.Contract.MinCapacity, changed.Contract.MaxCapacity = 3, 255
	changed.Contract.Rules["push"] = contract.Rule{Noted: true, Weight: 7}
	changed.Contract.Rules["write-full"] = contract.Rule{Errnos: []syscall.Errno{syscall.ENOSPC, syscall.EAGAIN}, Zero: true}
	for _, f := range []File{Of(contract.Fixed), Of(contract.Module), Of(contract.Assignment), changed} {
		text := printed(t, f)
		got, err := Read(text, "")
		require.NoError(t, err, string(text))
		if f.Hidden == nil {
			assert.Empty(t, got.Hidden)
			got.Hidden = nil
		}
		assert.Equal(t, f, got)
		assert.Equal(t, string(text), string(printed(t, got)))
	}
}

func TestFileChangesTheProfileThatItNames(t *testing.T) {
	f, err := Read([]byte(`
profile = "module"
[rows]
write-full = { accept = "any", weight = 2 }
shared.required = false
[rows.read-short]
accept = ["EINVAL", "EFAULT"]
`), "")
	require.NoError(t, err)
	want := contract.Of(contract.Module)
	want.Rules["write-full"] = contract.Rule{Any: true, Weight: 2}
	shared := want.Rules["shared"]
	shared.Noted = true
	want.Rules["shared"] = shared
	want.Rules["read-short"] = contract.Rule{Errnos: []syscall.Errno{syscall.EINVAL, syscall.EFAULT}}
	assert.Equal(t, want, f.Contract)
	empty, err := Read(nil, contract.Assignment)
	require.NoError(t, err)
	assert.Equal(t, Of(contract.Assignment), empty)
}

func TestBadFileSaysWhereAndWhatWouldBeRight(t *testing.T) {
	for text, want := range map[string]string{
		"order = ":                             "1:8: expected value, not end of input",
		"order = \"fifo\"\norder = \"lifo\"\n": "2:1: key order is already defined",
		"\n  oder = \"fifo\"":                  "2:3: unknown key oder, want profile, order, second-open, capacity, path, hidden or [rows.NAME]",
		"order = \"stack\"":                    `1:9: order = "stack": want "parity", "fifo", "lifo"`,
		"order = 3":                            `1:9: order = 3: want "parity", "fifo", "lifo"`,
		"[order]":                              `1:2: order is a table, want "parity"`,
		"order = [\"fifo\"]":                   `1:1: order: want "parity"`,
		"profile = \"strict\"":                 `1:11: profile = "strict": want "fixed", "module", "assignment"`,
		"second-open = true":                   `1:15: second-open = true: want "refused", "own-deque", "unchecked"`,
		"capacity = [0, 100]":                  "1:1: capacity: want the smallest and the largest, such as [1, 100], within 1 to 255",
		"capacity = [9, 8]":                    "1:1: capacity: want",
		"capacity = [1, 256]":                  "1:1: capacity: want",
		"capacity = [1, 2, 3]":                 "1:1: capacity: want",
		"capacity = [1, \"2\"]":                "1:1: capacity: want",
		"capacity = 100":                       "1:12: capacity: want",
		"path = 3":                             `1:8: path = 3: want a path, such as "/proc/full_ex"`,
		"path = \"/proc/[a\"":                  `1:8: path = "/proc/[a": want a pattern`,
		"hidden = \"open.\"":                   `1:10: hidden = "open.": want case IDs`,
		"hidden = [\"open.\", 3]":              "1:20: hidden: want case IDs",
		"hidden = [\"open.twise\"]":            "1:11: hidden: open.twise: no such case (see --list), did you mean open.twice?",
		"capacity = [1, 50]\nhidden = [\"capacity.100\"]": "2:11: hidden: capacity.100: no such case",
		"rows = 3":                                     "1:1: rows: want a table for each row, [rows.NAME]",
		"[rows.opne]\nweight = 1":                      "1:2: no row opne, want open, open-again, write-0,",
		"[[rows.open]]":                                "1:3: [[rows.open]]: want a table, [rows.open]",
		"rows.open = true":                             "1:1: rows.open: want a table, [rows.open]",
		"[rows.open]\nwieght = 1":                      "2:1: unknown key rows.open.wieght, want accept, required or weight",
		"[rows.open]\nweight.a = 1":                    "2:1: unknown key rows.open.weight.a, want accept",
		"[rows.open]\nweight = 0":                      "2:10: rows.open.weight = 0: want a number from 1 to 1000",
		"[rows.open]\nweight = 2.5":                    "2:10: rows.open.weight = 2.5: want a number",
		"[rows.open]\nrequired = \"no\"":               `2:12: rows.open.required = "no": want true or false`,
		"[rows.open]\naccept = [\"EACCES\"]":           "2:1: rows.open.accept: a call in this row must succeed, want required or weight",
		"[rows.open-again]\naccept = \"EACES\"":        `2:10: rows.open-again.accept: no errno "EACES", want a list of errnos such as ["EACCES", "EINVAL"], or of "any"`,
		"[rows.open-again]\naccept = [\"any\", \"0\"]": `2:18: rows.open-again.accept: no errno "0", want`,
		"[rows.write-0]\naccept = [\"pop\"]":           `2:11: rows.write-0.accept: no errno "pop", want a list of errnos such as ["EACCES", "EINVAL"], or of "any", "0"`,
		"[rows.write-0]\naccept = []":                  "2:1: rows.write-0.accept: want a list of errnos",
		"[rows.write-0]\naccept = 13":                  "2:10: rows.write-0.accept = 13: want a list of errnos",
	} {
		_, err := Read([]byte(text), "")
		assert.ErrorContains(t, err, want, text)
		if err != nil {
			assert.NotContains(t, err.Error(), "\n")
		}
	}
	_, err := Read([]byte("profile = \"module\""), contract.Fixed)
	assert.EqualError(t, err, `1:11: profile = "module": --profile says fixed; want the same, or only one of them`)
}

func TestPathFitsOneFile(t *testing.T) {
	dir := t.TempDir()
	f := File{Path: filepath.Join(dir, "deque_*")}
	_, err := f.Device()
	assert.ErrorContains(t, err, "no file fits the path")
	one, two := filepath.Join(dir, "deque_1"), filepath.Join(dir, "deque_2")
	require.NoError(t, os.WriteFile(one, nil, 0o666))
	got, err := f.Device()
	require.NoError(t, err)
	assert.Equal(t, one, got)
	require.NoError(t, os.WriteFile(two, nil, 0o666))
	_, err = f.Device()
	assert.ErrorContains(t, err, one+", "+two+"; want one file")
}

func FuzzRead(f *testing.F) {
	for _, p := range []contract.Profile{contract.Fixed, contract.Assignment} {
		var b bytes.Buffer
		if err := Of(p).Print(&b); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	f.Add([]byte("rows.write-full = { accept = 'any' }\ncapacity = [ 1, # one\n 2 ]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		read, err := Read(text, "")
		if err != nil {
			return
		}
		again, err := Read(printed(t, read), "")
		require.NoError(t, err)
		assert.Equal(t, read.Contract, again.Contract)
		assert.Equal(t, read.Path, again.Path)
	})
}
