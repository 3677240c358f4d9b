package fusefs

import (
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/p9srv"
	"fullex/p9srv/client"
)

// TestConnectionKeepsTheAttachesOfFewUsers makes calls for many users, several at a time.
func TestConnectionKeepsTheAttachesOfFewUsers(t *testing.T) {
	srv := &p9srv.Server{}
	memory, err := srv.Connect()
	require.NoError(t, err)
	k, err := client.Memory(memory)
	require.NoError(t, err)
	c := newConnection(k)
	var callers sync.WaitGroup
	for i := range uint32(8) {
		callers.Go(func() {
			for uid := range uint32(2 * maxRoots) {
				file, errno := c.walk(background, uid+i*maxRoots/2, []string{"full_ex"})
				if assert.Zero(t, errno) {
					assert.NoError(t, file.Close(background))
				}
			}
		})
	}
	callers.Wait()
	assert.LessOrEqual(t, len(c.roots), maxRoots)
	for _, r := range c.roots {
		assert.Zero(t, r.users)
	}
	_, errno := c.walk(background, 1, []string{"nothing"})
	assert.Equal(t, syscall.ENOENT, errno)
	require.NoError(t, k.Close())
	const stranger = 100 * maxRoots
	assert.NotZero(t, c.attach(background, stranger), "the connection has ended")
	assert.Nil(t, c.roots[stranger])
}
