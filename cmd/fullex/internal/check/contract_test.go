package check

import (
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/device/contract"
)

// changed returns the contract of a profile, changed.
func changed(p contract.Profile, change func(*contract.Contract)) *contract.Contract {
	c := contract.Of(p)
	change(c)
	return c
}

// rules changes the rules of some rows, or of all.
func rules(c *contract.Contract, change func(*contract.Rule), rows ...contract.Row) {
	if len(rows) == 0 {
		rows = contract.RowsAndParts
	}
	for _, row := range rows {
		r := c.Rules[row.Name]
		change(&r)
		c.Rules[row.Name] = r
	}
}

// contracts are contracts that a device can follow.
var contracts = map[string]*contract.Contract{
	"fixed":      contract.Of(contract.Fixed),
	"module":     contract.Of(contract.Module),
	"assignment": contract.Of(contract.Assignment),
	"fifo":       changed(contract.Fixed, func(c *contract.Contract) { c.Order = contract.FIFO }),
	"lifo":       changed(contract.Fixed, func(c *contract.Contract) { c.Order = contract.LIFO }),
	"large":      changed(contract.Fixed, func(c *contract.Contract) { c.MinCapacity, c.MaxCapacity = 5, 255 }),
	"small":      changed(contract.Fixed, func(c *contract.Contract) { c.MaxCapacity = 9 }),
	"one":        changed(contract.Fixed, func(c *contract.Contract) { c.MaxCapacity = 1 }),
	"errnos": changed(contract.Fixed, func(c *contract.Contract) {
		rules(c, func(r *contract.Rule) { r.Errnos = []syscall.Errno{syscall.ENOSPC} }, contract.RowFull)
		rules(c, func(r *contract.Rule) { r.Zero = true }, contract.RowNothing)
	}),
	"any error": changed(contract.Fixed, func(c *contract.Contract) {
		for _, row := range contract.RowsAndParts {
			if row.Errno != 0 {
				rules(c, func(r *contract.Rule) { r.Any = true }, row)
			}
		}
	}),
	"nothing": changed(contract.Fixed, func(c *contract.Contract) {
		rules(c, func(r *contract.Rule) { r.Noted = true })
	}),
}

// TestDevicePassesTheContractsThatItFollows checks each device against each contract. A
// device gives the last answer of its contract's model.
func TestDevicePassesTheContractsThatItFollows(t *testing.T) {
	passes := map[string]string{
		"fixed":      "fixed module assignment any error nothing",
		"module":     "module assignment nothing",
		"assignment": "assignment nothing",
		"fifo":       "fifo nothing",
		"lifo":       "lifo nothing",
		"large":      "large nothing",
		"small":      "small nothing",
		"one":        "one nothing",
		"errnos":     "errnos nothing",
		"any error":  "fixed module assignment any error nothing",
		"nothing":    "fixed module assignment any error nothing",
	}
	for device, names := range passes {
		for name, c := range contracts {
			r := runOn(t, &faulty{contract: contracts[device]}, Options{Seed: 3, Sessions: 10, Contract: c})
			failed, _ := r.Count(Failed)
			want := strings.Contains(" "+names+" ", " "+name+" ")
			assert.Equal(t, want, failed == 0, "%s at a device that follows %s: %s", name, device, why(r))
		}
	}
}

// why returns the first failure.
func why(r Results) string {
	for _, c := range r.Cases {
		if c.Status == Failed || c.Status == NotRun {
			return c.ID + ": " + c.Reason + "\n" + strings.Join(c.Calls, "\n")
		}
	}
	return "no case failed"
}

// TestNoCaseIsSkippedForAnOrder also checks that each order is noticed by cases of its own.
func TestNoCaseIsSkippedForAnOrder(t *testing.T) {
	for _, name := range []string{"fifo", "lifo", "any error"} {
		assertSound(t, runOn(t, &faulty{contract: contracts[name]}, Options{Seed: 1, Contract: contracts[name]}), notInMemory...)
	}
	r := runOn(t, &faulty{}, Options{Seed: 1, Contract: contracts["fifo"], Only: []string{"write.odd", "random.sessions"}})
	assert.Equal(t, "odd values are pushed right", r.Cases[0].Title)
	assert.Equal(t, "read returned the value 5, must return 1, the leftmost", r.Cases[0].Reason)
	assert.Contains(t, r.Cases[0].Row, "| pushed right; returns 4")
	assert.Equal(t, Failed, r.Cases[1].Status)
}

func TestCapacityDecidesWhichCasesThereAre(t *testing.T) {
	ids := func(name string) (ids []string) {
		cases, err := (Options{Contract: contracts[name], Only: []string{"capacity."}, Skip: []string{"capacity.exact", "capacity.refused"}}).Chosen()
		require.NoError(t, err)
		for _, c := range cases {
			ids = append(ids, strings.TrimPrefix(c.ID, "capacity."))
		}
		return ids
	}
	assert.Equal(t, strings.Fields("1 2 100 0 101 128 255"), ids("fixed"))
	assert.Equal(t, strings.Fields("5 6 255 0 4"), ids("large"))
	assert.Equal(t, strings.Fields("1 0 2 128 255"), ids("one"))
	r := runOn(t, &faulty{contract: contracts["one"]}, Options{Contract: contracts["one"], Only: []string{"write.odd", "capacity.2"}})
	assert.Equal(t, "the contract allows no capacity of 3", of(t, r, "write.odd").Reason)
	assert.Equal(t, "write of 1 byte, 0 or above 1 | uninitialised | EINVAL", of(t, r, "capacity.2").Row)
}

// TestSilentRowsAcceptEitherErrno checks a module that answers EINVAL where the text is
// silent, and EACCES where it says so.
func TestSilentRowsAcceptEitherErrno(t *testing.T) {
	d := &faulty{contract: changed(contract.Assignment, func(c *contract.Contract) {
		for name, r := range c.Rules {
			if r.Any {
				r.Errnos, r.Zero, r.Pops = []syscall.Errno{syscall.EINVAL}, false, false
			}
			c.Rules[name] = r
		}
	})}
	r := runOn(t, d, Options{Seed: 2, Contract: contracts["assignment"]})
	assert.Equal(t, ExitPassed, r.Exit(), why(r))
	assert.Contains(t, of(t, r, "write.new.4").Notes, "EINVAL was accepted: any error is right in row write-before-capacity")
	assert.Contains(t, of(t, r, "read.new").Notes, "EINVAL was accepted: any error is right in row read-before-capacity")
	sound := runOn(t, &faulty{}, Options{Seed: 2, Contract: contracts["assignment"]})
	assert.Contains(t, of(t, sound, "read.new").Notes, "EACCES was accepted: any error is right in row read-before-capacity")
	passed, points := r.Count(Passed)
	soundPassed, soundPoints := sound.Count(Passed)
	assert.Equal(t, []int{soundPassed, soundPoints}, []int{passed, points})

	strict := runOn(t, d, Options{Seed: 2})
	assert.Equal(t, "read on a new session failed with EINVAL, must fail with EACCES", of(t, strict, "open.new").Reason)
	d.invalid = true
	r = runOn(t, d, Options{Seed: 2, Contract: contracts["assignment"]})
	assert.Equal(t, "read on an empty deque failed with EINVAL, must fail with EACCES", of(t, r, "read.empty").Reason)
	assert.Equal(t, "write to a full deque failed with EINVAL, must fail with EACCES", of(t, r, "write.full").Reason)
}

func TestReasonNamesEveryAcceptedErrno(t *testing.T) {
	c := changed(contract.Fixed, func(c *contract.Contract) {
		rules(c, func(r *contract.Rule) { r.Errnos = append(r.Errnos, syscall.ENOSPC) }, contract.RowFull)
		rules(c, func(r *contract.Rule) { r.Any = true }, contract.RowNothing)
		rules(c, func(r *contract.Rule) { r.Weight = 9 }, contract.RowFull)
	})
	r := runOn(t, &faulty{oneMore: true, zero: true}, Options{Contract: c, Only: []string{"write.full", "read.empty"}})
	full := of(t, r, "write.full")
	assert.Equal(t, "write to a full deque returned 4, must fail with EACCES or ENOSPC", full.Reason)
	assert.Equal(t, "write of 4 bytes | full | EACCES or ENOSPC", full.Row)
	assert.Equal(t, 9, full.Weight)
	assert.Equal(t, "read on an empty deque returned 0, must fail with any error", of(t, r, "read.empty").Reason)
}

// TestRowThatIsNotRequiredLosesNoPoints checks a deque that has no end.
func TestRowThatIsNotRequiredLosesNoPoints(t *testing.T) {
	c := changed(contract.Fixed, func(c *contract.Contract) {
		rules(c, func(r *contract.Rule) { r.Noted = true }, contract.RowFull)
	})
	r := runOn(t, &faulty{oneMore: true}, Options{Seed: 1, Contract: c})
	assert.Equal(t, ExitPassed, r.Exit(), why(r))
	full := of(t, r, "write.full")
	assert.Equal(t, Passed, full.Status)
	assert.Equal(t, []string{"this would fail, but the contract does not require it: write to a full deque returned 4, must fail with EACCES"}, full.Notes)
	assert.Empty(t, of(t, r, "random.sessions").Notes)
}

func TestSecondOpenIsAsTheContractSays(t *testing.T) {
	second := func(s contract.SecondOpen) *contract.Contract {
		return changed(contract.Fixed, func(c *contract.Contract) { c.SecondOpen = s })
	}
	without := slices.DeleteFunc(slices.Clone(notInMemory), func(id string) bool { return id == "open.each" })
	twice := append([]string{"file.truncated"}, openTwice...)
	assertSound(t, runOn(t, &faulty{secondOpen: true}, Options{Contract: second(contract.OwnDeque)}), append(without, twice...)...)
	for _, allowed := range []bool{true, false} {
		assertSound(t, runOn(t, &faulty{secondOpen: allowed}, Options{Contract: second(contract.Unchecked)}), append(notInMemory, twice...)...)
	}
	r := runOn(t, &faulty{}, Options{Contract: second(contract.OwnDeque), Only: []string{"open."}})
	assert.Equal(t, "open failed with EACCES, must succeed", of(t, r, "open.each").Reason)
}

// TestSharedSessionsFollowTheOrder checks sessions that threads and children share.
func TestSharedSessionsFollowTheOrder(t *testing.T) {
	for _, name := range []string{"fixed", "fifo", "lifo"} {
		for _, other := range []string{"fixed", "fifo", "lifo"} {
			d := &faulty{contract: contracts[other]}
			open := func() (Client, error) { return inMemory(sharingClient{&memoryClient{device: d}}), nil }
			r, err := Run(t.Context(), open, Options{Contract: contracts[name], Only: []string{"fork.shared"}})
			require.NoError(t, err)
			assert.Equal(t, name == other, r.Exit() == ExitPassed, "%s at %s: %s", name, other, why(r))
		}
	}
}
