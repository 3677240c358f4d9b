package p9srv_test

import (
	"errors"
	"fmt"
	"log"
	"net"

	"github.com/hugelgupf/p9/p9"

	"fullex/p9srv"
)

// A program serves the device on a TCP port, and a client uses it.
func ExampleServer() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	var srv p9srv.Server
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()

	fmt.Println(pushAndPop(l.Addr()))
	fmt.Println(srv.Close(), <-served)
	// Output:
	// [3 1 2] <nil>
	// <nil> p9srv: server closed
}

// pushAndPop pushes 1, 2 and 3 to the device of the server at addr. It returns what it pops.
func pushAndPop(addr net.Addr) (popped []byte, err error) {
	conn, err := net.Dial(addr.Network(), addr.String())
	if err != nil {
		return nil, err
	}
	client, err := p9.NewClient(conn)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	root, err := client.Attach("")
	if err != nil {
		return nil, err
	}
	_, file, err := root.Walk([]string{"full_ex"})
	if err != nil {
		return nil, err
	}
	if _, _, err := file.Open(p9.ReadWrite); err != nil {
		return nil, err
	}
	for _, p := range [][]byte{{3}, {1, 0, 0, 0}, {2, 0, 0, 0}, {3, 0, 0, 0}} { // the capacity, and three values
		if _, err := file.WriteAt(p, 0); err != nil {
			return nil, err
		}
	}
	for range 3 {
		var value [4]byte
		if _, err := file.ReadAt(value[:], 0); err != nil {
			return nil, err
		}
		popped = append(popped, value[0])
	}
	return popped, file.Close()
}
