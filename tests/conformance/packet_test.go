package conformance

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/p9srv"
	"fullex/tests/wire"
)

// exchange is a request and its expected reply.
type exchange struct{ request, reply string }

// TestTwoThousandMessagesInOnePacket sends every kind of request in one write. The replies
// must come in the order of the requests, each with the tag of its request.
func TestTwoThousandMessagesInOnePacket(t *testing.T) {
	const messages = 2000
	exchanges := []exchange{
		{"Tversion 65536 9P2000.L", "Rversion 65536 9P2000.L"},
		{`Tattach 0 NOFID "" "" NOUID`, "Rattach dir:*"},
	}
	for fid := 1; len(exchanges) < messages; fid++ {
		exchanges = append(exchanges, lifeOf(fid)...)
	}
	exchanges = exchanges[:messages]
	for _, over := range transports(t.TempDir()) {
		t.Run(over.name, func(t *testing.T) {
			srv := &p9srv.Server{Kernel: newKernel()}
			dial, stop := over.start(t, srv)
			defer stop()
			raw, err := dial()
			require.NoError(t, err)
			c := wire.NewConn(raw)
			defer func() { assert.NoError(t, c.Close()) }()
			var requests []string
			var replies strings.Builder
			for _, e := range exchanges {
				requests = append(requests, e.request)
				fmt.Fprintln(&replies, "<", e.reply)
			}
			require.NoError(t, c.Send(requests...))
			assert.NoError(t, c.Talk(replies.String()))
		})
	}
}

// lifeOf returns all that may happen to a fid, from its walk to its use after clunk. Some
// fids are never clunked, so that the tables of the server grow.
func lifeOf(fid int) []exchange {
	life := []exchange{
		{"Twalk 0 FID pid FID full_ex", "Rwalk dir:* dir:* file:*"},
		{"Tread FID 0 4", "Rlerror EBADF"},
		{"Tlopen FID O_RDWR", "Rlopen file:* 65512"},
		{"Tlopen FID O_RDWR", "Rlerror EINVAL"},
		{"Tread FID 0 4", "Rlerror EACCES"},
		{"Twrite FID 0 hex:02", "Rwrite 1"},
		{"Twrite FID 0 int:FID0", "Rwrite 4"},
		{"Twrite FID 0 int:FID1", "Rwrite 4"},
		{"Twrite FID 0 int:FID2", "Rlerror EACCES"},
		{"Tflush 1", "Rflush"},
		{"Tgetattr FID 0x7ff", "Rgetattr 0x7ff file:* ..."},
		{"Tread FID 0 4", "Rread int:FID1"},
		{"Tread FID 0 100", "Rread int:FID0"},
		{"Tread FID 0 4 cut:1", "Rlerror EINVAL"},
		{"type:200 hex:00", "Rlerror EOPNOTSUPP"},
		{"Twalk 0 FID", "Rlerror EINVAL"},
	}
	if fid%3 != 0 {
		life = append(life, exchange{"Tclunk FID", "Rclunk"},
			exchange{"Tread FID 0 4", "Rlerror EBADF"},
			exchange{"Tclunk FID", "Rlerror EBADF"})
	}
	number := fmt.Sprint(fid)
	for i, e := range life {
		life[i] = exchange{strings.ReplaceAll(e.request, "FID", number), strings.ReplaceAll(e.reply, "FID", number)}
	}
	return life
}
