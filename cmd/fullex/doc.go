// Command fullex serves the deque device full_ex over 9P2000.L, mounts it, uses it and
// tests it.
//
// Usage:
//
//	fullex COMMAND [FLAG...] [ARGUMENT...]
//
// "fullex help COMMAND" describes a command and its flags.
//
// # Commands
//
// Serve:
//
//	serve          serve the device until SIGINT or SIGTERM
//	upgrade        replace the program of a running server, under its clients
//	vhost-user-9p  serve the virtio-9p device of one virtual machine
//	demo           show the device at work, without a mount
//
// Mount:
//
//	mount          mount a server at a directory
//	umount         unmount a directory
//
// Use a server, with or without a mount:
//
//	shell          open, push and pop by hand or by script
//	ls             list a directory of a server
//	cat            print files of a server
//	write          write to a file of a server, with one call
//	insmod         load a module (administrator only)
//	rmmod          unload a module, even in use (administrator only)
//
// Test:
//
//	check          test a device against its whole contract
//	run            run a command with a server of its own
//	replay         repeat a recorded session and find the first difference
//
// Look:
//
//	sessions       list the open sessions
//	dmesg          print the log of the modules
//	lsmod          list the loaded modules
//	trace          print the messages between 9P clients and a server
//	bench          measure operations a second and their latency
//
// Set up:
//
//	help           print this help, or that of a command
//	completion     print a script that completes commands in a shell
//	man            print the manual page
//
// # Examples
//
// The server prints where it listens and how to mount it:
//
//	$ fullex serve
//
// In another shell, without a mount:
//
//	$ fullex shell
//	full_ex> open
//	full_ex> init 3
//	full_ex> push 1 2 3
//	full_ex> pop 3
//	3
//	1
//	2
//
// Or with a mount, in which every process has a deque of its own:
//
//	$ mkdir -p /tmp/dev
//	$ fullex mount --daemon unix:$XDG_RUNTIME_DIR/fullex.sock /tmp/dev
//	$ fullex check /tmp/dev
//	$ fullex umount /tmp/dev
//
// # Targets and addresses
//
// The commands that use a server take a TARGET: the path of a mount, or an endpoint.
// shell, check and replay also take the path of a device file, such as /proc/full_ex.
// An endpoint is one of
//
//	unix:PATH        a unix socket
//	tcp:HOST:PORT    a TCP port; a server without HOST listens at all addresses
//	vsock:CID:PORT   a vsock port of the machine CID; a server may listen at CID any
//	fd:N             a socket that this process inherited
//	vhost-user:PATH  a guest's virtio-9p device, for servers only
//
// Options follow a comma: unix:/run/fullex.sock,mode=0660. Without --listen a server
// listens at its default socket and at tcp:127.0.0.1:5640. Without TARGET a command uses
// the default socket if it exists, and else that port.
//
// # Exit status
//
//	0  success; also a server or a mount that SIGINT or SIGTERM ended
//	1  an error, which is printed in one line; a failed case of check; a difference that
//	   replay found; a failed line of a script of shell
//	2  check or replay could not test the device, or not to the end
//
// run returns the status of its command. It returns 128 plus the number of the signal that
// killed the command, 127 if there is no such command, or 126 if it cannot be run.
//
// # Environment
//
//	XDG_RUNTIME_DIR  the directory of the default socket, of users other than root
//	TMPDIR           the directory for private files of run if there is no other
//	FULLEX_ADDR      set by run: the endpoint of the server
//	FULLEX_MOUNT     set by run --fuse and run --v9fs: the path of the mount
//	GOMAXPROCS       threads that run at the same time, see package runtime
//
// # Files
//
//	$XDG_RUNTIME_DIR/fullex.sock     the default socket
//	/run/user/UID/fullex.sock        the same if XDG_RUNTIME_DIR is not set
//	/run/fullex/fullex.sock          the default socket of root
//	/sbin/mount.fullex               a link to fullex, for mount -t fullex and fstab
//	/usr/libexec/vhost-user-9p       a link to fullex, for managers of virtual machines
//
// # See also
//
// The guides in cmd/fullex/doc say more, by topic. So do mount(8), fstab(5) and
// fusermount3(1).
package main
