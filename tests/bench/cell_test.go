package main

import (
	"slices"
	"testing"
)

func TestParseCells(t *testing.T) {
	cells, err := parseCells("1x1,64x16,1x64:open")
	if want := []cell{{1, 1, false}, {64, 16, false}, {1, 64, true}}; err != nil || !slices.Equal(cells, want) {
		t.Errorf("got %v, %v, want %v", cells, err, want)
	}
	for _, bad := range []string{"", "1", "x", "1x", "x1", "0x1", "1x0", "-1x1", "1x1,", "1x1025", "1x1:", ":open", "1x1:opens", "1000000000x1"} {
		if cells, err := parseCells(bad); err == nil {
			t.Errorf("%q gives %v", bad, cells)
		}
	}
}
