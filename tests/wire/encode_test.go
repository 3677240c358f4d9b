package wire

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFramesOfTexts(t *testing.T) {
	for text, want := range map[string]string{
		"Tversion 65536 9P2000.L":        "15000000 64 0700 00000100 0800 3950323030302e4c",
		`Tattach 0 NOFID "" "" NOUID`:    "17000000 68 0700 00000000 ffffffff 0000 0000 ffffffff",
		"Twalk 0 1":                      "11000000 6e 0700 00000000 01000000 0000",
		"Twalk 0 1 pid 7":                "19000000 6e 0700 00000000 01000000 0200 0300706964 010037",
		"@0x102 Tclunk ~0":               "0b000000 78 0201 ffffffff",
		"Tread 1 0x8000000000000000 4":   "17000000 74 0700 01000000 0000000000000080 04000000",
		"Twrite 1 0 hex:05":              "18000000 76 0700 01000000 0000000000000000 01000000 05",
		"Twrite 1 0 int:-1,2":            "1f000000 76 0700 01000000 0000000000000000 08000000 ffffffff02000000",
		`Twrite 1 0 ""`:                  "17000000 76 0700 01000000 0000000000000000 00000000",
		"Tfsync 1":                       "0b000000 32 0700 01000000",
		"Tfsync 1 1":                     "0f000000 32 0700 01000000 01000000",
		"Tlopen 1 O_RDWR|O_TRUNC|0100":   "0f000000 0c 0700 01000000 42020000",
		"Rlerror EACCES":                 "0b000000 07 0700 0d000000",
		"Rwalk dir:0x10 file:5:3":        "23000000 6f 0700 0200 80000000001000000000000000 00030000000500000000000000",
		"Rreaddir a,1,4,dir:2":           "24000000 29 0700 19000000 80000000000200000000000000 0100000000000000 04 0100 61",
		"Rclunk":                         "07000000 79 0700",
		"type:200 hex:0102 \"x\"":        "0a000000 c8 0700 0102 78",
		"Tclunk 1 cut:3":                 "08000000 78 0700 01",
		"Tclunk 1 add:aabb":              "0d000000 78 0700 01000000 aabb",
		"Tclunk 1 cut:2 add:ff size:0":   "00000000 78 0700 0100 ff",
		`Twalk 0 1 "add:ff" repeat:3:ab`: "21000000 6e 0700 00000000 01000000 0200 06006164643a6666 0600616261626162",
		"Tflush NOTAG # and a comment":   "09000000 6c 0700 ffff",
		`Twalk 0 1 "a b # \x00\""`:       "1b000000 6e 0700 00000000 01000000 0100 0800612062202320 0022",
	} {
		frame, err := Encode(text, 7)
		require.NoError(t, err, text)
		assert.Equal(t, strings.ReplaceAll(want, " ", ""), hex.EncodeToString(frame), text)
	}
}

func TestTextsThatAreNotMessages(t *testing.T) {
	for text, want := range map[string]string{
		"":                              "no message",
		"@7":                            "a tag and no message",
		"@x Tclunk 1":                   `"x" is not a number`,
		"@65536 Tclunk 1":               "does not fit 2 bytes",
		"Tnosuch 1":                     "Tnosuch: no such message",
		"Tclunk":                        "Tclunk: no fid",
		"Tclunk x":                      `Tclunk: fid: "x" is not a number`,
		"Tclunk 1 2":                    `Tclunk: no field for ["2"]`,
		"Tclunk 0x100000000":            "does not fit 4 bytes",
		"Tlock 1 256 0 0 0 0 x":         "Tlock: type: 256 does not fit 1 bytes",
		"Twrite 1 0 5":                  `Twrite: data: "5": want "..." or one of`,
		"Twrite 1 0 hex:5":              "odd length",
		"Twrite 1 0 int:2147483648":     "is not an int32",
		"Twrite 1 0 repeat:x:a":         "want repeat:TIMES:WHAT",
		"Twrite 1 0 repeat:4000000:a":   "too much",
		`Twalk 0 1 "a`:                  "no closing quote",
		`Twalk 0 1 repeat:65536:a`:      "a string of 65536 bytes",
		"Rattach dir":                   "want TYPE:PATH",
		"Rattach dirr:1":                `"dirr" is not a number`,
		"Rreaddir a,1,dir:1":            "want NAME,OFFSET,DTYPE,QID",
		"Tclunk 1 cut:5":                "cut:5 of a body of 4 bytes",
		"Tclunk 1 add:x":                "invalid byte",
		"type:256":                      "does not fit 1 bytes",
		"Tversion 1 9P2000.L\x00 extra": `no field for ["extra"]`,
	} {
		_, err := Encode(text, 1)
		assert.ErrorContains(t, err, want, text)
	}
}

// TestEveryMessageIsEncodedAndDecoded gives each field of the table a value that uses all its
// bytes, and each list two items.
func TestEveryMessageIsEncodedAndDecoded(t *testing.T) {
	samples := map[kind]string{
		integer(1): "200", integer(2): "40000", integer(4): "3000000000", integer(8): "18446744073709551614",
		errno{}: "ENOENT", str{}: "\"a\\x00 b\"", data{}: "hex:0102ff", qid{}: "file:0xabc:9",
		entry{}: "name,77,4,dir:0x5",
	}
	for name, m := range byName {
		words := []string{name}
		for _, f := range m.fields {
			words = append(words, samples[f.kind])
			if f.count > 0 {
				words = append(words, samples[f.kind])
			}
		}
		text := strings.Join(words, " ")
		frame, err := Encode(text, 3)
		require.NoError(t, err, text)
		got, tag := Decode(frame)
		assert.Equal(t, text, got)
		assert.EqualValues(t, 3, tag)
		assert.Equal(t, m.typ, frame[4])
	}
}
