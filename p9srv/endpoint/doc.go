// Package endpoint implements the addresses at which servers listen and to which clients
// connect. It contains everything that depends on the transport, and knows no 9P messages.
//
// # Grammar
//
//	unix:PATH[,mode=OCTAL]   a unix socket; mode is the mode of its file, 0600 by default
//	tcp:HOST:PORT            as in net.Dial; a server with port 0 gets a free port
//	vsock:CID:PORT           between virtual machines and their host (vsock(7)); CID is a
//	                         number, or "any" for a server
//	fd:N                     a socket that this process inherited
//	vhost-user:PATH[,tag=NAME][,mode=OCTAL]
//	                         a unix socket for the virtio-9p devices of virtual machines;
//	                         tag is the name that a guest mounts, fullex by default
//
// A PATH is written as it is, except for commas in its last name. These are doubled,
// because a single comma starts the options.
//
// # Transports
//
// A transport is one file and one line in the table in transport.go. The type there says
// what a transport must have. No other package compares names of transports: it asks an
// [Endpoint], or it passes a connection or address to [PeerOf], [NoticeLoss] or
// [IsExposed].
//
// # Concurrency
//
// All functions and methods are safe for concurrent use.
package endpoint
