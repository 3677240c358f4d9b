package p9srv_test

import (
	"fmt"
	"net"

	"github.com/hugelgupf/p9/p9"

	"fullex/device"
	"fullex/p9srv"
)

// The server of hugelgupf/p9 serves the same tree to one user.
func ExampleServer_Attacher() {
	srv := &p9srv.Server{}
	here, there := net.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		user := device.User{Conn: "pipe", UID: 1000, Vouched: true}
		_ = p9.NewServer(srv.Attacher(user)).Handle(there, there) // returns nil when the client disconnects
	}()

	client, err := p9.NewClient(here)
	if err != nil {
		panic(err)
	}
	root, err := client.Attach("")
	if err != nil {
		panic(err)
	}
	_, deque, err := root.Walk([]string{"full_ex"})
	if err != nil {
		panic(err)
	}
	if _, _, err := deque.Open(p9.ReadWrite); err != nil {
		panic(err)
	}
	for _, p := range [][]byte{{3}, {1, 0, 0, 0}, {2, 0, 0, 0}, {3, 0, 0, 0}} {
		if _, err := deque.WriteAt(p, 0); err != nil {
			panic(err)
		}
	}
	for range 3 {
		var p [4]byte
		if _, err := deque.ReadAt(p[:], 0); err != nil {
			panic(err)
		}
		fmt.Print(p[0], " ")
	}
	if err := client.Close(); err != nil {
		panic(err)
	}
	<-done
	// Output: 3 1 2
}
