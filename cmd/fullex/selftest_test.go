package main

import (
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/cmd/fullex/internal/check"
	"fullex/cmd/fullex/internal/check/contractfile"
	"fullex/device/contract"
	"fullex/device/faults"
)

// anyRefusal is a contract that takes any error where a row refuses a call.
func anyRefusal() string {
	var text strings.Builder
	for _, row := range contract.RowsAndParts {
		if row.Errno != 0 {
			fmt.Fprintf(&text, "[rows.%s]\naccept = \"any\"\n", row.Name)
		}
	}
	return text.String()
}

// nothingRequired is a contract that allows everything.
func nothingRequired() string {
	var text strings.Builder
	for _, row := range contract.RowsAndParts {
		fmt.Fprintf(&text, "[rows.%s]\nrequired = false\n", row.Name)
	}
	return text.String()
}

// devices are the devices of the table: planted faults, joined by spaces.
var devices = []string{
	"", "odd-right", "even-left", "odd-right even-left", "negative-wrong-end", "einval-for-eacces", "eacces-for-einval",
	"second-open", "lost-on-error", "lost-on-big-read", "capacity-plus-one", "capacity-101", "capacity-range=5:50", "shared-session",
	"leak", "short-write", "error=0.2:1",
}

// TestContractsPassTheDevicesThatTheyAllow is a table of contracts and the devices that
// pass. All other devices fail.
func TestContractsPassTheDevicesThatTheyAllow(t *testing.T) {
	for _, test := range []struct {
		name, file string
		pass       []string
	}{
		{"fixed", ``, []string{""}},
		{"module", `profile = "module"`, []string{""}},
		{"assignment", `profile = "assignment"`, []string{""}},
		{"fifo", `order = "fifo"`, []string{"odd-right"}},
		{"lifo", `order = "lifo"`, []string{"even-left"}},
		{"range", `capacity = [5, 50]`, []string{"capacity-range=5:50"}},
		{"101", `capacity = [1, 101]`, []string{"capacity-101"}},
		{"own deque", `second-open = "own-deque"`, []string{"second-open"}},
		{"unchecked", `second-open = "unchecked"`, []string{"", "second-open"}},
		{"errnos", "[rows.write-0]\naccept = \"any\"\n[rows.capacity-refused]\naccept = [\"EINVAL\", \"EACCES\"]\n" +
			"[rows.write-other-size]\naccept = \"any\"\n[rows.read-0]\naccept = \"any\"\n[rows.read-short]\naccept = \"any\"", []string{"", "eacces-for-einval"}},
		{"any error", anyRefusal(), []string{"", "einval-for-eacces", "eacces-for-einval"}},
		{"a short write", "[rows.write-other-size]\nrequired = false", []string{"", "short-write"}},
		{"no end", "[rows.write-full]\nrequired = false", []string{"", "capacity-plus-one"}},
		{"everything", nothingRequired(), devices},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			file, err := contractfile.Read([]byte(test.file), "")
			require.NoError(t, err)
			for _, device := range devices {
				o := check.Options{Contract: file.Contract, Seed: 1, Sessions: 10, Timeout: check.DefaultTimeout, Skip: []string{"close.cycles", "reply.", "unload."}}
				failed, err := checkPlanted(t.Context(), strings.Fields(device), o)
				require.NoError(t, err, device)
				var why []string
				for _, c := range failed {
					why = append(why, c.ID+": "+c.Reason)
				}
				assert.Equal(t, slices.Contains(test.pass, device), len(failed) == 0, "device %q: %s", device, strings.Join(why, "\n"))
			}
		})
	}
}

func TestEveryFaultSaysWhichRowsItBreaks(t *testing.T) {
	for _, f := range allFaults() {
		assert.NotEmpty(t, breaches[f.Name], f.Name)
	}
	assert.Len(t, breaches, len(allFaults()))
}

func TestContractAllowsWhatItSays(t *testing.T) {
	allowed := func(c *contract.Contract) (names []string) {
		for _, f := range allFaults() {
			if allows(c, f) {
				names = append(names, f.Name)
			}
		}
		return names
	}
	c := contract.Of(contract.Fixed)
	assert.Empty(t, allowed(c))
	assert.Empty(t, allowed(contract.Of(contract.Module)))
	assert.Equal(t, []string{"delay", "reorder"}, allowed(contract.Of(contract.Assignment)))
	c.Order, c.SecondOpen, c.MinCapacity, c.MaxCapacity = contract.FIFO, contract.OwnDeque, 2, 99
	assert.Equal(t, []string{"odd-right", "capacity-range", "second-open"}, allowed(c))
	assert.Equal(t, []string{"odd-right", "second-open", "capacity-range=2:99"}, plantedFor(c, ""))
	assert.Equal(t, []string{"odd-right", "second-open", "capacity-range=1:9"}, plantedFor(c, "capacity-range=1:9"))
	c.Order, c.SecondOpen, c.MaxCapacity = contract.LIFO, contract.Unchecked, contract.LargestCapacity
	assert.Equal(t, []string{"even-left", "capacity-101", "second-open"}, allowed(c))
	for name, r := range c.Rules {
		r.Errnos = append(r.Errnos, syscall.EINVAL)
		c.Rules[name] = r
	}
	assert.Contains(t, allowed(c), "einval-for-eacces")
	assert.NotContains(t, allowed(c), "eacces-for-einval")
	file, err := contractfile.Read([]byte(nothingRequired()), "")
	require.NoError(t, err)
	assert.Len(t, allowed(file.Contract), len(allFaults()))
	assert.False(t, allows(contract.Of(contract.Fixed), faults.Fault{Name: "drop"}))
}
