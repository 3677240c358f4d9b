// Package v9fs mounts a server with the Linux 9p client, as mount(8) does, and
// says how to type that.
//
// # Ways
//
// A TCP endpoint becomes trans=tcp and a unix socket trans=unix: the kernel
// connects. A vsock endpoint, a TCP address that is not IPv4 (which older kernels
// do not take), a socket whose path has a comma, and any endpoint with the option
// trans=fd, are connected here and handed over (trans=fd). See the kernel's
// Documentation/filesystems/9p.rst.
//
// # Errors
//
// They say what is missing: rights, the file system, the transport, a server.
package v9fs
