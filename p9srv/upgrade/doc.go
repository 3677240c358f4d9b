// Package upgrade replaces the program of a running server. Its clients stay connected:
// they see a pause of some milliseconds, and no request fails.
//
// # Steps
//
//  1. Preflight, without a pause: the new program says which formats of the state it reads.
//  2. [fullex/p9srv.Server.Freeze] stops the server between two messages of each connection.
//  3. The old program writes the state of the server, a [State], into a file in memory.
//  4. Rehearsal: a run of the new program reads that file and rebuilds everything but the
//     sockets.
//  5. The process executes the new program: exec(2). Its process number stays the same, and
//     its descriptors stay open under their numbers. So peers keep their connections.
//  6. The new program calls [Receive], restores the server and serves on.
//
// If a step before exec fails, the old program continues where it stopped.
//
// # Who may be executed
//
// A [Program] is the file at the path from which this process was started. The file and
// all folders above it must belong to root or to the user of this process. No other user
// may be able to replace them.
//
// # Formats
//
// An encoded state begins with the number of its format. Within a format, fields are only
// added: a missing field is zero, and an unknown field is skipped. Tags number the fields of
// [State], [fullex/p9srv.Saved], [fullex/device.Saved] and the types that these name. A
// program reads its own format and the one before it.
//
// # Signals
//
// A signal that ends the process is not lost. It ends the old program before exec, or the
// new program. SIGUSR2 is blocked during exec: if one arrives then, the new program gets it.
package upgrade
