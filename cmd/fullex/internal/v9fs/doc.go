// Package v9fs mounts a server with the Linux 9p client, as mount(8) does. It also returns
// the command line and the fstab(5) entry for such a mount.
//
// # Ways
//
// The kernel itself connects to a TCP endpoint (trans=tcp) and to a unix socket
// (trans=unix). In four cases this package connects and hands the socket to the kernel
// (trans=fd, see the kernel's Documentation/filesystems/9p.rst):
//
//   - a vsock endpoint
//   - a TCP address that is not IPv4, which older kernels do not accept
//   - a unix socket whose path has a comma or is too long
//   - any endpoint with the option trans=fd
//
// # Errors
//
// An error says what is missing: rights, the file system, the transport, or the server.
package v9fs
