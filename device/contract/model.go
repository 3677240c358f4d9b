package contract

import (
	"encoding/binary"
	"slices"
	"syscall"
)

const (
	// MaxCapacity is the largest capacity of a deque, in values.
	MaxCapacity = 100
	// ValueSize is the size of a value, a little-endian int32, in bytes.
	ValueSize = 4
)

// Model is the state of a session. Its methods do not change it. They return all
// correct answers, at least one. The first is that of the contract. With the profile
// Module the last is that of the original, unless LongReads adds another.
type Model struct {
	Profile   Profile // "": Fixed
	LongReads string  // why reads of more than 4 bytes may be refused (RowReadKept); "": they may not
	Shared    bool    // another thread or process than the caller opened the device

	Capacity int     // 0: uninitialised
	Values   []int32 // leftmost first
}

// Write returns the answers to a write of p.
func (m Model) Write(p []byte) []Answer { return m.allowed(m.write(p)) }

func (m Model) write(p []byte) Answer {
	switch {
	case len(p) == 0:
		return m.refusal(RowWriteEmpty)
	case m.Capacity == 0 && len(p) > 1:
		return m.refusal(RowWriteNew)
	case m.Capacity == 0 && (p[0] == 0 || p[0] > MaxCapacity):
		return m.refusal(RowCapacityBad)
	case m.Capacity == 0:
		m.Capacity = int(p[0])
		return Answer{Row: RowCapacity, N: 1, Next: m}
	case len(p) != ValueSize:
		return m.refusal(RowWriteSize)
	case len(m.Values) == m.Capacity:
		return m.refusal(RowFull)
	}
	if v := int32(binary.LittleEndian.Uint32(p)); v%2 == 0 {
		m.Values = slices.Concat(m.Values, []int32{v})
	} else {
		m.Values = slices.Concat([]int32{v}, m.Values)
	}
	return Answer{Row: RowPush, N: ValueSize, Next: m}
}

// Read returns the answers to a read of count bytes.
func (m Model) Read(count int) []Answer {
	own := m.read(count)
	switch {
	case own.Row == RowReadShort && m.Profile == Module:
		popped := m.popped(RowReadShort, count)
		popped.Note = "as the original does, a read of fewer than 4 bytes popped a value and returned 4"
		return m.allowed(own, popped)
	case own.Row == RowPop && count > ValueSize && m.LongReads != "":
		kept := m.refusal(RowReadKept)
		kept.Note = "ESPIPE was accepted: " + m.LongReads
		return m.allowed(own, kept)
	}
	return m.allowed(own)
}

func (m Model) read(count int) Answer {
	switch {
	case count == 0:
		return m.refusal(RowReadEmpty)
	case len(m.Values) == 0:
		return m.refusal(RowNothing)
	case count < ValueSize:
		return m.refusal(RowReadShort)
	}
	return m.popped(RowPop, count)
}

// popped returns the answer that pops the leftmost value into a buffer of count bytes.
func (m Model) popped(r Row, count int) Answer {
	data := binary.LittleEndian.AppendUint32(nil, uint32(m.Values[0]))
	m.Values = m.Values[1:]
	return Answer{Row: r, N: ValueSize, Data: data[:min(count, ValueSize)], Next: m}
}

// refusal returns the answer of a row that refuses the call.
func (m Model) refusal(r Row) Answer { return Answer{Row: r, Errno: r.Errno, Next: m} }

// allowed returns the answers. It adds the refusal that the original gives to a caller
// that shares the session.
func (m Model) allowed(answers ...Answer) []Answer {
	if m.Shared && m.Profile == Module {
		note := "as the original does, the session is its thread's: another is refused with EACCES"
		answers = append(answers, Answer{Row: RowShared, Errno: syscall.EACCES, Note: note, Next: m})
	}
	return answers
}

// String describes the state in a few words, such as "a new session".
func (m Model) String() string {
	switch {
	case m.Capacity == 0:
		return "a new session"
	case len(m.Values) == 0:
		return "an empty deque"
	case len(m.Values) == m.Capacity:
		return "a full deque"
	}
	return "a deque that is neither empty nor full"
}
