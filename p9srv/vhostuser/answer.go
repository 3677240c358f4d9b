//go:build linux

package vhostuser

import (
	"errors"
	"fmt"
)

// names are the messages' names in vhost-user.rst, without the prefix VHOST_USER_.
var names = map[request]string{
	getFeatures: "GET_FEATURES", setFeatures: "SET_FEATURES", setOwner: "SET_OWNER",
	resetOwner: "RESET_OWNER", setMemTable: "SET_MEM_TABLE", setVringNum: "SET_VRING_NUM",
	setVringAddr: "SET_VRING_ADDR", setVringBase: "SET_VRING_BASE", getVringBase: "GET_VRING_BASE",
	setVringKick: "SET_VRING_KICK", setVringCall: "SET_VRING_CALL", setVringErr: "SET_VRING_ERR",
	getProtocolFeatures: "GET_PROTOCOL_FEATURES", setProtocolFeatures: "SET_PROTOCOL_FEATURES",
	getQueueNum: "GET_QUEUE_NUM", setVringEnable: "SET_VRING_ENABLE",
	setBackendReqFD: "SET_BACKEND_REQ_FD", getConfig: "GET_CONFIG", setConfig: "SET_CONFIG",
	getMaxMemSlots: "GET_MAX_MEM_SLOTS", addMemReg: "ADD_MEM_REG", remMemReg: "REM_MEM_REG",
	setStatus: "SET_STATUS", getStatus: "GET_STATUS",
}

// queries are the messages whose reply has a payload.
var queries = map[request]func(*Conn, *message) ([]byte, error){
	getFeatures:         func(c *Conn, _ *message) ([]byte, error) { return appendU64(c.device.offered()), nil },
	getProtocolFeatures: func(*Conn, *message) ([]byte, error) { return appendU64(offeredByProtocol), nil },
	getQueueNum:         func(*Conn, *message) ([]byte, error) { return appendU64(1), nil },
	getMaxMemSlots:      func(*Conn, *message) ([]byte, error) { return appendU64(maxRegions), nil },
	getStatus:           func(c *Conn, _ *message) ([]byte, error) { return appendU64(uint64(c.state.Status)), nil },
	getConfig:           (*Conn).getConfigLocked,
	getVringBase:        (*Conn).getVringBaseLocked,
}

// orders are the messages that are answered only if they ask for it.
var orders = map[request]func(*Conn, *message) error{
	setOwner:            func(*Conn, *message) error { return nil },
	setFeatures:         (*Conn).setFeaturesLocked,
	setProtocolFeatures: (*Conn).setProtocolFeaturesLocked,
	setStatus:           (*Conn).setStatusLocked,
	resetOwner:          func(c *Conn, _ *message) error { c.resetLocked(); return nil },
	setBackendReqFD:     (*Conn).setBackendReqFDLocked,
	setMemTable:         (*Conn).setMemTableLocked,
	addMemReg:           (*Conn).addMemRegLocked,
	remMemReg:           (*Conn).remMemRegLocked,
	setVringNum:         (*Conn).setVringNumLocked,
	setVringBase:        (*Conn).setVringBaseLocked,
	setVringAddr:        (*Conn).setVringAddrLocked,
	setVringKick:        (*Conn).setVringKickLocked,
	setVringCall:        (*Conn).setVringCallLocked,
	setVringErr:         (*Conn).setVringErrLocked,
	setVringEnable:      (*Conn).setVringEnableLocked,
}

// answerAll answers messages until the connection ends or cannot be read any more.
func (c *Conn) answerAll() error {
	for !c.shut.Load() {
		m, err := c.wire.read()
		if err != nil {
			c.wire.discard(m)
			return err
		}
		reply := c.answer(m)
		c.wire.discard(m)
		if reply == nil {
			continue
		}
		if err := c.wire.write(reply); err != nil {
			return err
		}
	}
	return nil
}

// answer obeys a message and returns the reply, or nil if none is due.
func (c *Conn) answer(m *message) []byte {
	c.lockServing()
	defer c.mu.Unlock()
	defer c.wakeLocked()
	payload, err := c.obeyLocked(m)
	if err != nil {
		c.refuseLocked(m, err)
	}
	switch {
	case queries[m.request] != nil:
		// After an error the reply has no payload. That tells the front-end
		// (vhost-user.rst, "VHOST_USER_GET_CONFIG").
		return m.reply(payload)
	case m.flags&flagNeedReply == 0:
		return nil
	case err != nil:
		return m.reply(appendU64(1)) // vhost-user.rst, "VHOST_USER_PROTOCOL_F_REPLY_ACK"
	}
	return m.reply(appendU64(0))
}

// obeyLocked obeys a message, and returns the payload of the reply to a query. The error
// says why the message is refused; a panic is such an error, too.
func (c *Conn) obeyLocked(m *message) (payload []byte, err error) {
	defer func() {
		if r := recover(); r != nil {
			payload, err = nil, fmt.Errorf("defect of the back-end: %v", r)
		}
	}()
	if m.lost {
		return nil, errors.New("descriptors were lost: too many in one message, or too many open in this process")
	}
	if query, ok := queries[m.request]; ok {
		return query(c, m)
	}
	if order, ok := orders[m.request]; ok {
		return nil, order(c, m)
	}
	return nil, errors.New("not offered")
}

// refuseLocked takes the device out of service. The socket stays open: see the package
// comment.
func (c *Conn) refuseLocked(m *message, err error) {
	if c.refused != nil {
		return // only the first reason is logged
	}
	c.refused = fmt.Errorf("%v: %w", m.request, err)
	c.log.Warn("refused, the device is out of service until the machine or its driver is started again", "error", c.refused)
}
