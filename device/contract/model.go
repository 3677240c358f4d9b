package contract

import (
	"cmp"
	"encoding/binary"
	"slices"
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
	Contract  *Contract // nil: that of the profile Fixed
	LongReads string    // why reads of more than 4 bytes may be refused (RowReadKept); "": they may not
	Shared    bool      // another thread or process than the caller opened the device

	Capacity int     // 0: uninitialised
	Values   []int32 // leftmost first
}

// fixed is the contract of models that name none.
var fixed = Of(Fixed)

func (m Model) contract() *Contract {
	if m.Contract == nil {
		return fixed
	}
	return m.Contract
}

func (m Model) rule(r Row) Rule { return m.contract().Rules[r.Name] }

// OpenAgain returns the answers to a second open by the client that has the session, where
// a contract refuses it.
func (m Model) OpenAgain() []Answer { return m.refusals(RowOpenTwice) }

// Unloaded returns the answers to a read or write after the module was unloaded.
func (m Model) Unloaded() []Answer { return m.refusals(RowUnload) }

// Write returns the answers to a write of p.
func (m Model) Write(p []byte) []Answer { return m.allowed(m.write(p)) }

func (m Model) write(p []byte) []Answer {
	c := m.contract()
	switch {
	case len(p) == 0:
		return m.refusals(RowWriteEmpty)
	case m.Capacity == 0 && len(p) > 1:
		return m.refusals(RowWriteNew)
	case m.Capacity == 0 && (int(p[0]) < c.MinCapacity || int(p[0]) > c.MaxCapacity):
		return m.refusals(RowCapacityBad)
	case m.Capacity == 0:
		m.Capacity = int(p[0])
		return []Answer{{Row: RowCapacity, N: 1, Next: m}}
	case len(p) != ValueSize:
		return m.refusals(RowWriteSize)
	case len(m.Values) == m.Capacity:
		return m.refusals(RowFull)
	}
	if v := int32(binary.LittleEndian.Uint32(p)); c.Order.Left(v) {
		m.Values = slices.Concat([]int32{v}, m.Values)
	} else {
		m.Values = slices.Concat(m.Values, []int32{v})
	}
	return []Answer{{Row: RowPush, N: ValueSize, Next: m}}
}

// Read returns the answers to a read of count bytes.
func (m Model) Read(count int) []Answer { return m.allowed(m.read(count)) }

func (m Model) read(count int) []Answer {
	switch {
	case count == 0:
		return m.refusals(RowReadEmpty)
	case m.Capacity == 0:
		return m.refusals(RowReadNew)
	case len(m.Values) == 0 && count != ValueSize:
		return m.refusals(RowNothingSizes)
	case len(m.Values) == 0:
		return m.refusals(RowNothing)
	case count < ValueSize:
		return m.readShort(count)
	case count > ValueSize:
		return m.readLong(count)
	}
	return []Answer{m.popped(RowPop, count)}
}

func (m Model) readShort(count int) []Answer {
	answers, rule := m.refusals(RowReadShort), m.rule(RowReadShort)
	if rule.Pops {
		popped := m.popped(RowReadShort, count)
		popped.Choice = rule.Note == ""
		popped.Note = cmp.Or(rule.Note, "a read of fewer than 4 bytes popped a value and returned 4, which row read-short allows")
		answers = append(answers, popped)
	}
	return answers
}

func (m Model) readLong(count int) []Answer {
	answers := append([]Answer{m.popped(RowPopLong, count)}, m.refusals(RowPopLong)...)
	if m.LongReads == "" {
		return answers
	}
	for _, kept := range m.refusals(RowReadKept) {
		kept.Note, kept.Choice = m.LongReads, false
		if !kept.Any {
			kept.Note = ErrnoName(kept.Errno) + " was accepted: " + m.LongReads
		}
		answers = append(answers, kept)
	}
	return answers
}

// popped returns the answer that pops the leftmost value into a buffer of count bytes.
func (m Model) popped(r Row, count int) Answer {
	data := binary.LittleEndian.AppendUint32(nil, uint32(m.Values[0]))
	m.Values = m.Values[1:]
	return Answer{Row: r, N: ValueSize, Data: data[:min(count, ValueSize)], Next: m}
}

// allowed returns the answers. It adds the refusals that the contract allows to a caller
// that shares the session.
func (m Model) allowed(answers []Answer) []Answer {
	if !m.Shared {
		return answers
	}
	for _, a := range m.refusals(RowShared) {
		if note := m.rule(RowShared).Note; note != "" {
			a.Note, a.Choice = note, false
		}
		answers = append(answers, a)
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
