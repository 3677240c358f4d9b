package wire

import (
	"testing"

	"github.com/hugelgupf/p9/p9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFieldsReturnsNamesAndValues(t *testing.T) {
	walk := Begin(nil, Twalk, 7)
	walk = le.AppendUint32(walk, 1)
	walk = le.AppendUint32(walk, 2)
	walk = AppendString(AppendString(le.AppendUint16(walk, 2), "pid"), "9")
	write := Begin(nil, Twrite, 8)
	write = le.AppendUint64(le.AppendUint32(write, 3), 1<<40)
	write = append(le.AppendUint32(write, 2), 0xab, 0xcd)
	opened := append(Begin(nil, Rlopen, 9), 0x80, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0)
	for _, test := range []struct {
		frame []byte
		name  string
		tag   uint16
		want  map[string]any
	}{
		{End(walk, 0), "Twalk", 7, map[string]any{"fid": uint64(1), "newfid": uint64(2), "names": []string{"pid", "9"}}},
		{End(write, 0), "Twrite", 8, map[string]any{"fid": uint64(3), "offset": uint64(1 << 40), "data": []byte{0xab, 0xcd}}},
		{End(opened, 0), "Rlopen", 9, map[string]any{"qid": "(80 1 2)", "iounit": uint64(5)}},
		{AppendEmpty(nil, Rclunk, 1), "Rclunk", 1, map[string]any{}},
	} {
		frame := Frame(test.frame)
		fields, ok := frame.Fields()
		require.True(t, ok, test.name)
		got := make(map[string]any)
		for name, field := range fields {
			got[name] = field.Value()
		}
		assert.Equal(t, test.want, got)
		assert.Equal(t, test.name, frame.Type().String())
		assert.Equal(t, test.tag, frame.Tag())
	}
}

func TestFieldsReturnsNoneForAFrameThatDoesNotFit(t *testing.T) {
	for _, frame := range []Frame{
		AppendEmpty(nil, Tread, 1),
		append(AppendError(nil, 1, 13), 0),
		AppendEmpty(nil, 200, 1),
	} {
		fields, ok := frame.Fields()
		assert.False(t, ok)
		for name := range fields {
			t.Errorf("field %s", name)
		}
		assert.NotEmpty(t, frame.Line())
	}
}

func TestSetattrAndStatfsReadAsTheyWereWritten(t *testing.T) {
	valid := p9.SetAttrMask{Permissions: true, Size: true, MTimeNotSystemTime: true}
	set := Frame(AppendSetattr(nil, 1, 2, valid, &p9.SetAttr{Permissions: 0o644, Size: 7}))
	require.True(t, set.Fits())
	body := set.Body()
	assert.EqualValues(t, 2, body.U32())
	gotValid, size := body.SetAttr()
	assert.Equal(t, valid, gotValid)
	assert.EqualValues(t, 7, size)
	assert.EqualValues(t, 0o644, set.Field("mode").Uint())

	stat := p9.FSStat{Type: 1, BlockSize: 2, Blocks: 3, BlocksFree: 4, BlocksAvailable: 5, Files: 6, FilesFree: 7, FSID: 8, NameLength: 9}
	reply := Frame(End(AppendStatFS(Begin(nil, Rstatfs, 1), stat), 0))
	require.True(t, reply.Fits())
	body = reply.Body()
	assert.Equal(t, stat, body.StatFS())
	assert.Empty(t, body)
}
