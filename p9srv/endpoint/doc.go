// Package endpoint has the addresses at which servers listen and to which clients connect,
// and all that differs by transport. It knows nothing of 9P.
//
// # Grammar
//
//	unix:PATH[,mode=OCTAL]   a unix socket; mode is that of the file, 0600 unless said
//	tcp:HOST:PORT            as in net.Dial; port 0 takes a free one
//	vsock:CID:PORT           between a machine and its hypervisor (vsock(7)); CID may be any
//	fd:N                     a socket that this process has inherited
//	vhost-user:PATH[,tag=NAME][,mode=OCTAL]
//	                         a unix socket for the virtio-9p devices of virtual
//	                         machines; tag is what a guest mounts, fullex unless said
//
// A PATH is taken as it is, but for the commas in its last name: there each is
// written twice, as a single one starts the options.
//
// # Transports
//
// A transport is one file and one line in the table of them (transport.go), which says
// what a transport must have. Nobody else compares names of transports: what differs is
// asked of an [Endpoint], or of a connection or address that somebody else made ([PeerOf],
// [NoticeLoss], [IsExposed]).
//
// # Concurrency
//
// All functions and methods may be called at any time from any goroutine.
package endpoint
