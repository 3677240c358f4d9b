package echo

import (
	"bytes"
	"testing"

	"fullex/p9srv/wire"
)

func TestEveryWholeFrameIsAnswered(t *testing.T) {
	in := wire.AppendWrite(nil, 7, 1, 0, []byte{2, 0, 0, 0})
	first := len(in)
	in = wire.AppendRead(in, 300, 1, 0, 4)
	for cut := range len(in) + 1 {
		used, out, err := appendReplies(in[:cut], nil)
		if err != nil {
			t.Fatal(err)
		}
		var want []byte
		wantUsed := 0
		if cut >= first {
			want, wantUsed = append(want, 15, 0, 0, 0, 117, 7, 0, 4, 0, 0, 0, 0, 0, 0, 0), first
		}
		if cut == len(in) {
			want, wantUsed = append(want, 15, 0, 0, 0, 117, 44, 1, 4, 0, 0, 0, 0, 0, 0, 0), cut
		}
		if used != wantUsed || !bytes.Equal(out, want) {
			t.Errorf("of %d bytes: used %d, out % x; want %d, % x", cut, used, out, wantUsed, want)
		}
	}
}

func TestFramesOfWrongSizeAreRefused(t *testing.T) {
	for _, size := range []byte{0, wire.HeadSize - 1} {
		if _, _, err := appendReplies([]byte{size, 0, 0, 0, 117, 0, 0}, nil); err == nil {
			t.Errorf("a frame of size %d is taken", size)
		}
	}
	if _, _, err := appendReplies([]byte{1, 0, 1, 0, 117, 0, 0}, nil); err == nil {
		t.Error("a frame larger than the buffer is taken")
	}
}
