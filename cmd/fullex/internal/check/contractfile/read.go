package contractfile

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"

	"fullex/cmd/fullex/internal/check"
	"fullex/device/contract"
)

// Read reads a file. A profile that is not "" stands for the key profile, which may then say
// nothing else.
func Read(text []byte, profile contract.Profile) (File, error) {
	var valid map[string]any // Unmarshal also finds keys that stand twice
	if err := toml.Unmarshal(text, &valid); err != nil {
		if e, ok := errors.AsType[*toml.DecodeError](err); ok {
			line, column := e.Position()
			return File{}, position{line, column}.errorf("%s", strings.TrimPrefix(e.Error(), "toml: "))
		}
		return File{}, err
	}
	all, err := settings(text)
	if err != nil {
		return File{}, err
	}
	profile, err = profileOf(all, profile)
	if err != nil {
		return File{}, err
	}
	f := Of(profile)
	for _, s := range all {
		if err := f.set(s); err != nil {
			return File{}, err
		}
	}
	return f, f.checkHidden(all)
}

// profileOf returns the profile that a file changes.
func profileOf(all []setting, wanted contract.Profile) (contract.Profile, error) {
	for _, s := range all {
		if s.name() != "profile" {
			continue
		}
		text, err := s.oneOf(contract.Profiles)
		if wanted != "" && err == nil && contract.Profile(text) != wanted {
			return "", s.value.at.errorf("profile = %q: --profile says %s; want the same, or only one of them", text, wanted)
		}
		return contract.Profile(text), err
	}
	return wanted, nil
}

// set changes a file as one setting says.
func (f *File) set(s setting) (err error) {
	c, text := f.Contract, ""
	switch s.name() {
	case "profile": // see profileOf
	case "order":
		text, err = s.oneOf(contract.Orders)
		c.Order = contract.Order(text)
	case "second-open":
		text, err = s.oneOf(contract.SecondOpens)
		c.SecondOpen = contract.SecondOpen(text)
	case "capacity":
		c.MinCapacity, c.MaxCapacity, err = s.capacity()
	case "path":
		f.Path, err = s.pattern()
	case "hidden":
		f.Hidden, err = s.strings("case IDs, such as [\"write.full\", \"fork.\"]")
	default:
		if s.key[0] != "rows" {
			return s.at.errorf("unknown key %s, want profile, order, second-open, capacity, path, hidden or [rows.NAME]", s.name())
		}
		err = setRow(c, s)
	}
	return err
}

// capacity returns the ends of a range.
func (s setting) capacity() (least, most int, err error) {
	var ends []int
	for _, v := range s.value.elements {
		n, err := strconv.Atoi(v.text)
		if v.kind == unstable.Integer && err == nil {
			ends = append(ends, n)
		}
	}
	if len(ends) != 2 || len(s.value.elements) != 2 || ends[0] < 1 || ends[0] > ends[1] || ends[1] > contract.LargestCapacity {
		return 1, 1, s.value.at.errorf("capacity: want the smallest and the largest, such as [1, 100], within 1 to %d", contract.LargestCapacity)
	}
	return ends[0], ends[1], nil
}

func (s setting) pattern() (string, error) {
	if s.value.kind != unstable.String {
		return "", s.wrong("a path, such as \"/proc/full_ex\" or \"/proc/deque_*\"")
	}
	if _, err := filepath.Match(s.value.text, ""); err != nil {
		return "", s.value.at.errorf("path = %q: want a pattern with *, ? and closed [ ]", s.value.text)
	}
	return s.value.text, nil
}

// checkHidden returns an error for a hidden case that there is none of.
func (f *File) checkHidden(all []setting) error {
	for _, s := range all {
		if s.name() != "hidden" {
			continue
		}
		for _, v := range s.value.elements {
			if _, err := (check.Options{Contract: f.Contract, Hide: []string{v.text}}).Chosen(); err != nil {
				return v.at.errorf("hidden: %s", strings.TrimPrefix(err.Error(), "--hide "))
			}
		}
	}
	return nil
}

// oneOf returns a string that is one of these words.
func (s setting) oneOf(words []string) (string, error) {
	if s.value.kind != unstable.String || !slices.Contains(words, s.value.text) {
		return "", s.wrong("\"" + strings.Join(words, "\", \"") + "\"")
	}
	return s.value.text, nil
}

// strings returns a list of strings. what says what would be right.
func (s setting) strings(what string) (list []string, err error) {
	if s.value.kind != unstable.Array {
		return nil, s.wrong(what)
	}
	for _, v := range s.value.elements {
		if v.kind != unstable.String {
			return nil, v.at.errorf("%s: want %s", s.name(), what)
		}
		list = append(list, v.text)
	}
	return list, nil
}

// wrong returns an error about a value that is not what is wanted.
func (s setting) wrong(want string) error {
	switch s.value.kind {
	case unstable.Invalid:
		return s.at.errorf("%s is a table, want %s", s.name(), want)
	case unstable.Array:
		return s.value.at.errorf("%s: want %s", s.name(), want)
	case unstable.String:
		return s.value.at.errorf("%s = %q: want %s", s.name(), s.value.text, want)
	}
	return s.value.at.errorf("%s", fmt.Sprintf("%s = %s: want %s", s.name(), s.value.text, want))
}
