package main

import (
	"slices"
	"testing"
)

func TestParseCells(t *testing.T) {
	cells, err := parseCells("1x1,64x16")
	if want := []cell{{1, 1}, {64, 16}}; err != nil || !slices.Equal(cells, want) {
		t.Errorf("got %v, %v, want %v", cells, err, want)
	}
	for _, bad := range []string{"", "1", "x", "1x", "x1", "0x1", "1x0", "-1x1", "1x1,", "1x1025", "1000000000x1"} {
		if cells, err := parseCells(bad); err == nil {
			t.Errorf("%q gives %v", bad, cells)
		}
	}
}
