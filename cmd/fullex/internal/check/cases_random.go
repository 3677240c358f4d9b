package check

import (
	"fmt"
	"math/rand/v2"

	"fullex/device/contract"
)

// randomCalls is how many calls a random session makes.
const randomCalls = 60

func randomCases() []Case {
	return []Case{
		claim("random.sessions", 5, contract.RowPush, "random sessions get the results of a model of the contract", func(t *trial) {
			c := t.client()
			for i := range t.o.Sessions {
				randomSession(t, c, i)
			}
		}),
		claim("random.clients", 3, contract.RowPush, "random sessions of several clients at once get the results of the model", func(t *trial) {
			const clients = 4
			each := max(t.o.Sessions/(2*clients), 1)
			together(t, clients, func(i int, c *client) {
				for n := range each {
					randomSession(t, c, 1_000_000*(i+1)+n)
				}
			})
		}),
	}
}

// session is a random session. Its calls depend on the seed and on its number.
type session struct {
	*file
	random *rand.Rand
	name   string
}

func randomSession(t *trial, c *client, number int) {
	if t.isOver() {
		return
	}
	f := c.open()
	s := &session{file: f, random: t.random(number), name: fmt.Sprintf("in random session %d of seed %d", number, t.o.Seed)}
	for range randomCalls {
		switch n := s.random.IntN(100); {
		case n < 3:
			c.refuseOpen("second open by the same client, " + s.name + ",")
		case n < 58:
			s.writeRandom()
		default:
			s.readRandom()
		}
	}
	s.close()
}

// writeRandom writes random bytes, mostly as many as the state of the session allows.
func (s *session) writeRandom() {
	p := s.payload()
	if len(p) == 0 && s.c.Traits.NoEmptyCalls != "" {
		return
	}
	subject := fmt.Sprintf("write of %s to %s, %s,", bytesIn(len(p)), s.model(), s.name)
	s.write(subject, p)
}

func (s *session) payload() []byte {
	n := s.random.IntN(100)
	switch {
	case n < 15:
		p := make([]byte, s.random.IntN(10))
		for i := range p {
			p[i] = byte(s.random.Uint32())
		}
		return p
	case s.model().Capacity > 0:
		return bytesOf(int32(s.random.Uint32()))
	case n < 30:
		return bytesOf(int32(s.random.Uint32()))
	case n < 90:
		return []byte{byte(s.c.t.o.Contract.MinCapacity + s.random.IntN(8))} // small, so that the deque is soon full
	}
	return []byte{byte(s.random.Uint32())}
}

func (s *session) readRandom() {
	count := contract.ValueSize
	if s.random.IntN(100) < 30 {
		count = s.random.IntN(12)
	}
	if count == 0 && s.c.Traits.NoEmptyCalls != "" {
		return
	}
	subject := fmt.Sprintf("read of %s on %s, %s,", bytesIn(count), s.model(), s.name)
	s.read(subject, count)
}
