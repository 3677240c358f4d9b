package device

import (
	"encoding/binary"
	"fmt"
	"slices"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// state brings a new session into the state that a row of the contract begins with.
type state func(t *testing.T, s *Session)

func uninitialised(*testing.T, *Session) {}

// with sets the capacity and writes the values.
func with(capacity byte, values ...int32) state {
	return func(t *testing.T, s *Session) {
		t.Helper()
		write(t, s, []byte{capacity})
		for _, v := range values {
			write(t, s, value(v))
		}
	}
}

func write(t *testing.T, s *Session, p []byte) {
	t.Helper()
	n, err := s.Write(p)
	require.NoError(t, err)
	require.Equal(t, len(p), n)
}

func value(v int32) []byte {
	return binary.LittleEndian.AppendUint32(nil, uint32(v))
}

func TestWriteFollowsTheContract(t *testing.T) {
	tests := []struct {
		name  string
		state state
		write []byte
		err   error
		want  []int32 // values afterwards
		cap   int     // capacity afterwards
	}{
		{"no bytes before the capacity", uninitialised, nil, syscall.EINVAL, nil, 0},
		{"no bytes after it", with(2, 2), nil, syscall.EINVAL, []int32{2}, 2},
		{"no bytes when full", with(1, 2), []byte{}, syscall.EINVAL, []int32{2}, 1},
		{"capacity 1", uninitialised, []byte{1}, nil, nil, 1},
		{"capacity 100", uninitialised, []byte{100}, nil, nil, 100},
		{"capacity 0", uninitialised, []byte{0}, syscall.EINVAL, nil, 0},
		{"capacity 101", uninitialised, []byte{101}, syscall.EINVAL, nil, 0},
		{"capacity 255", uninitialised, []byte{255}, syscall.EINVAL, nil, 0},
		{"two bytes before the capacity", uninitialised, []byte{1, 0}, syscall.EACCES, nil, 0},
		{"a value before the capacity", uninitialised, value(7), syscall.EACCES, nil, 0},
		{"many bytes before the capacity", uninitialised, make([]byte, 4096), syscall.EACCES, nil, 0},
		{"odd goes left", with(4, 2, 4), value(7), nil, []int32{7, 2, 4}, 4},
		{"even goes right", with(4, 2, 4), value(6), nil, []int32{2, 4, 6}, 4},
		{"zero is even", with(4, 2), value(0), nil, []int32{2, 0}, 4},
		{"minus one is odd", with(4, 2), value(-1), nil, []int32{-1, 2}, 4},
		{"minus two is even", with(4, 2), value(-2), nil, []int32{2, -2}, 4},
		{"the lowest is even", with(4, 2), value(-1 << 31), nil, []int32{2, -1 << 31}, 4},
		{"the highest is odd", with(4, 2), value(1<<31 - 1), nil, []int32{1<<31 - 1, 2}, 4},
		{"full", with(2, 2, 4), value(1), syscall.EACCES, []int32{2, 4}, 2},
		{"a second capacity", with(2, 2), []byte{5}, syscall.EINVAL, []int32{2}, 2},
		{"two bytes", with(2, 2), []byte{1, 2}, syscall.EINVAL, []int32{2}, 2},
		{"three bytes", with(2, 2), []byte{1, 2, 3}, syscall.EINVAL, []int32{2}, 2},
		{"five bytes", with(2, 2), []byte{1, 2, 3, 4, 5}, syscall.EINVAL, []int32{2}, 2},
		{"two values at once", with(4, 2), append(value(1), value(3)...), syscall.EINVAL, []int32{2}, 4},
		{"five bytes when full", with(1, 2), make([]byte, 5), syscall.EINVAL, []int32{2}, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := open(t, loadedFullEx(), Identity{})
			test.state(t, s)
			n, err := s.Write(test.write)
			if test.err != nil {
				assert.Equal(t, test.err, err)
				assert.Zero(t, n)
			} else {
				assert.NoError(t, err)
				assert.Equal(t, len(test.write), n)
			}
			assertValues(t, s, test.want, test.cap)
		})
	}
}

func TestReadFollowsTheContract(t *testing.T) {
	tests := []struct {
		name  string
		state state
		count int
		err   error
		got   int32
		want  []int32
	}{
		{"no bytes before the capacity", uninitialised, 0, syscall.EINVAL, 0, nil},
		{"no bytes when empty", with(2), 0, syscall.EINVAL, 0, nil},
		{"no bytes", with(2, 2), 0, syscall.EINVAL, 0, []int32{2}},
		{"before the capacity", uninitialised, 4, syscall.EACCES, 0, nil},
		{"one byte before the capacity", uninitialised, 1, syscall.EACCES, 0, nil},
		{"empty", with(2), 4, syscall.EACCES, 0, nil},
		{"three bytes when empty", with(2), 3, syscall.EACCES, 0, nil},
		{"one byte", with(2, 2), 1, syscall.EINVAL, 0, []int32{2}},
		{"two bytes", with(2, 2), 2, syscall.EINVAL, 0, []int32{2}},
		{"three bytes", with(2, 2), 3, syscall.EINVAL, 0, []int32{2}},
		{"four bytes", with(3, 2, 4), 4, nil, 2, []int32{4}},
		{"five bytes", with(3, 2, 4), 5, nil, 2, []int32{4}},
		{"a page", with(3, 2, 4, -5), 4096, nil, -5, []int32{2, 4}},
		{"200,000 bytes", with(3, 2, 4, -5), 200_000, nil, -5, []int32{2, 4}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := open(t, loadedFullEx(), Identity{})
			test.state(t, s)
			p := make([]byte, test.count)
			n, err := s.Read(p)
			if test.err != nil {
				assert.Equal(t, test.err, err)
				assert.Zero(t, n)
			} else {
				assert.NoError(t, err)
				assert.Equal(t, ValueSize, n)
				assert.Equal(t, value(test.got), p[:n])
			}
			values, _ := s.Values()
			assert.True(t, slices.Equal(test.want, values), "has %v, want %v", values, test.want)
		})
	}
}

func TestReadableReturnsTheErrorOfTheRead(t *testing.T) {
	for name, test := range map[string]struct {
		state state
		count int
		want  error
	}{
		"before the capacity": {uninitialised, 4096, syscall.EACCES},
		"empty":               {with(2), 4096, syscall.EACCES},
		"no bytes":            {with(2, 2), 0, syscall.EINVAL},
		"not empty":           {with(2, 2), 4096, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, loadedFullEx(), Identity{})
			test.state(t, s)
			before, _ := s.Values()
			assert.Equal(t, test.want, readable(s, test.count))
			after, _ := s.Values()
			assert.Equal(t, before, after, "Readable pops nothing")
		})
	}
}

func TestClientHasOneOpenAtATime(t *testing.T) {
	d := loadedFullEx()
	client := Identity{Peer: "a", UID: 1}
	first := open(t, d, client)
	write(t, first, []byte{2})
	write(t, first, value(4))

	_, err := d.Open("full_ex", clientOf(client))
	assert.Equal(t, syscall.EACCES, err)
	assertValues(t, first, []int32{4}, 2)

	require.NoError(t, first.Close())
	again := open(t, d, client)
	assertValues(t, again, nil, 0)
}

func TestOpenRefusesSessionsAboveMaxSessions(t *testing.T) {
	d := loadedFullEx()
	d.MaxSessions = 2
	first := open(t, d, Identity{UID: 1})
	open(t, d, Identity{UID: 2})
	_, err := d.Open("full_ex", clientOf(Identity{UID: 3}))
	assert.Equal(t, syscall.ENFILE, err)
	_, err = d.Open("full_ex", clientOf(Identity{UID: 1}))
	assert.Equal(t, syscall.EACCES, err, "the contract's own refusal comes first")
	require.NoError(t, first.Close())
	open(t, d, Identity{UID: 3})
}

func TestEachFieldOfAnIdentityDistinguishesClients(t *testing.T) {
	d := loadedFullEx()
	clients := []Identity{
		{}, {Peer: "a"}, {Peer: "b"}, {Peer: "a", UID: 1}, {Peer: "a", Process: 1}, {Peer: "a", Open: 1},
	}
	for i, client := range clients {
		s := open(t, d, client)
		write(t, s, []byte{100})
		write(t, s, value(int32(i)))
		defer func() { assertValues(t, s, []int32{int32(i)}, 100) }()
	}
	assert.Equal(t, len(clients), d.Sessions())
}

func TestEveryCallAfterCloseFails(t *testing.T) {
	s := open(t, loadedFullEx(), Identity{})
	write(t, s, []byte{2})
	require.NoError(t, s.Close())
	assertFails(t, s, syscall.EBADF)
	assert.NoError(t, s.Close())
}

func TestSessionsThatUnloadEndedCanBeClosed(t *testing.T) {
	d := loadedFullEx()
	var sessions []*Session
	for i := range 3 {
		s := open(t, d, Identity{UID: uint32(i)})
		write(t, s, []byte{2})
		write(t, s, value(2))
		sessions = append(sessions, s)
	}
	require.NoError(t, d.Unload("full_ex"))
	assert.Zero(t, d.Sessions())
	assert.Empty(t, d.Files())
	assert.Equal(t, syscall.ENOENT, d.Unload("full_ex"))
	_, err := d.Open("full_ex", clientOf(Identity{}))
	assert.Equal(t, syscall.ENOENT, err)

	require.NoError(t, d.Load("full_ex"))
	assert.Equal(t, []string{"full_ex"}, d.Files())
	assert.Equal(t, syscall.EEXIST, d.Load("full_ex"))
	fresh := open(t, d, Identity{UID: 0})
	for _, s := range sessions {
		assertFails(t, s, syscall.EIO)
		assert.NoError(t, s.Close())
		assertFails(t, s, syscall.EIO)
	}
	assert.Equal(t, 1, d.Sessions(), "closing an old session does not close the client's new session")
	write(t, fresh, []byte{1})
}

// loadedFullEx returns a kernel in which only full_ex is registered, and loaded.
func loadedFullEx() *Kernel {
	k := NewKernel(new(FullEx))
	if err := k.Load("full_ex"); err != nil {
		panic(err)
	}
	return k
}

// clientOf returns an unverified client with that identity.
func clientOf(id Identity) Client {
	return Client{Identity: id, User: &User{Conn: "conn 1", UID: id.UID}, Door: "/"}
}

func open(t *testing.T, d *Kernel, client Identity) *Session {
	t.Helper()
	s, err := d.Open("full_ex", clientOf(client))
	require.NoError(t, err)
	assert.Equal(t, client, s.Client().Identity)
	return s
}

func assertValues(t *testing.T, s *Session, want []int32, capacity int) {
	t.Helper()
	values, got := s.Values()
	assert.Equal(t, capacity, got, "capacity")
	assert.True(t, slices.Equal(want, values), "has %v, want %v", values, want)
}

func assertFails(t *testing.T, s *Session, want syscall.Errno) {
	t.Helper()
	_, err := s.Write(value(2))
	assert.Equal(t, want, err, "write")
	_, err = s.Read(make([]byte, 4))
	assert.Equal(t, want, err, "read")
	assert.Equal(t, want, readable(s, 4), "readable")
}

func readable(s *Session, count int) error {
	h := s.Hold()
	defer h.Release()
	return h.Readable(count)
}

func ExampleKernel() {
	k := NewKernel(new(FullEx))
	_ = k.Load("full_ex")
	me := Client{Identity: Identity{Peer: "example"}, User: &User{Conn: "example"}, Door: "/"}
	s, _ := k.Open("full_ex", me)
	_, _ = s.Write([]byte{3})                      // the capacity
	_, _ = s.Write([]byte{2, 0, 0, 0})             // even: right
	_, _ = s.Write([]byte{0xff, 0xff, 0xff, 0xff}) // -1 is odd: left
	values, capacity := s.Values()
	fmt.Println(values, "of", capacity)
	_, err := k.Open("full_ex", me)
	fmt.Println("open again:", err)
	// Output:
	// [-1 2] of 3
	// open again: permission denied
}
