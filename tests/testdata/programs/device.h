/*
 * What every program of this folder needs: calls at a device file whose results
 * are compared, and an end for whatever hangs.
 *
 * A program is started as PROGRAM DEVICE [WAY...]. It ends with status 0 and says
 * nothing, or prints one line that says what was wrong and ends with status 1.
 * Without a WAY each process is a client, which may have the device open once:
 * so it is with the kernel module and with a FUSE mount. The ways are
 *
 *   each       every open is a client, as below each/ of a 9p mount
 *   kept-size  the kernel's 9p client is Linux 6.8 or later: a read of more than
 *              four bytes below the end of what it believes is written is refused
 *              with ESPIPE and nothing is lost (fs/9p/vfs_addr.c,
 *              v9fs_issue_read, would lose the value)
 */
#define _XOPEN_SOURCE 700

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECONDS 100 /* a program that takes longer hangs */

static const char *program, *device;
static int way_each, way_kept_size;

/* fail prints the program's one line and ends it. */
static inline void fail(const char *format, ...)
{
	char line[500];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof line, format, args);
	va_end(args);
	fprintf(stderr, "%s: %s\n", program, line);
	_exit(1);
}

/* hangs ends a program by alarm(2); a handler may not call fail. */
static inline void hangs(int number)
{
	static const char line[] = "a call does not return\n";

	(void)number;
	_exit(write(2, line, sizeof line - 1) > 0 ? 1 : 2);
}

static inline void no_hanging(void)
{
	signal(SIGALRM, hangs);
	alarm(SECONDS);
}

/* begin takes the arguments, and returns the first that is not a way, or NULL. */
static inline const char *begin(int argc, char **argv)
{
	const char *other = NULL;

	program = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];
	if (argc < 2)
		fail("want DEVICE [WAY...]");
	device = argv[1];
	for (int i = 2; i < argc; i++) {
		if (strcmp(argv[i], "each") == 0)
			way_each = 1;
		else if (strcmp(argv[i], "kept-size") == 0)
			way_kept_size = 1;
		else
			other = argv[i];
	}
	no_hanging();
	return other;
}

/* A result is what a call returned, or -errno. */
static inline long result(long returned)
{
	return returned < 0 ? -errno : returned;
}

static inline const char *result_name(long result, char *buffer, size_t size)
{
	static const struct { int number; const char *name; } names[] = {
		{ EACCES, "EACCES" }, { EAGAIN, "EAGAIN" }, { EBADF, "EBADF" }, { EEXIST, "EEXIST" },
		{ EINVAL, "EINVAL" }, { EIO, "EIO" }, { ENOENT, "ENOENT" }, { ESPIPE, "ESPIPE" },
	};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (result == -names[i].number)
			return names[i].name;
	if (result < 0)
		snprintf(buffer, size, "%s", strerror((int)-result));
	else
		snprintf(buffer, size, "%ld", result);
	return buffer;
}

/* want compares the result of a call. */
static inline void want(const char *call, long got, long wanted)
{
	char a[64], b[64];

	if (got != wanted)
		fail("%s: got %s, want %s", call, result_name(got, a, sizeof a), result_name(wanted, b, sizeof b));
}

static inline int open_device(int flags)
{
	int fd = open(device, flags);

	if (fd < 0)
		fail("open %s: %s", device, strerror(errno));
	return fd;
}

/* refuse_open: this client has the device open. Where each open is a client it
   is another one. */
static inline void refuse_open(const char *who)
{
	int fd = open(device, O_RDWR);
	long got = result(fd);

	if (fd >= 0)
		close(fd);
	if (way_each && fd >= 0)
		return;
	want(who, fd >= 0 ? 0 : got, -EACCES);
}

static inline void close_device(int fd)
{
	want("close", result(close(fd)), 0);
}

/* put sends a value as the device takes it: little-endian, on every machine. */
static inline void put(unsigned char *bytes, int32_t value)
{
	for (int i = 0; i < 4; i++)
		bytes[i] = (unsigned char)((uint32_t)value >> 8 * i);
}

static inline int32_t get(const unsigned char *bytes)
{
	uint32_t value = 0;

	for (int i = 0; i < 4; i++)
		value |= (uint32_t)bytes[i] << 8 * i;
	return (int32_t)value;
}

static inline void set_capacity(int fd, unsigned char capacity)
{
	want("write of the capacity", result(write(fd, &capacity, 1)), 1);
}

static inline long push_result(int fd, int32_t value)
{
	unsigned char bytes[4];

	put(bytes, value);
	return result(write(fd, bytes, 4));
}

static inline void push(int fd, int32_t value)
{
	want("write of a value", push_result(fd, value), 4);
}

static inline void want_value(const char *call, const unsigned char *bytes, int32_t wanted)
{
	if (get(bytes) != wanted)
		fail("%s: got value %ld, want %ld", call, (long)get(bytes), (long)wanted);
}

/* pop reads four bytes, which are the value wanted. */
static inline void pop(int fd, int32_t wanted)
{
	unsigned char bytes[4];

	want("read of a value", result(read(fd, bytes, 4)), 4);
	want_value("read", bytes, wanted);
}

/* refuse_pop: the deque is empty or has no capacity yet. */
static inline void refuse_pop(const char *call, int fd)
{
	unsigned char bytes[4];

	want(call, result(read(fd, bytes, 4)), -EACCES);
}

/* fork_child is fork for a child that does not hang, either. */
static inline pid_t fork_child(void)
{
	pid_t pid = fork();

	if (pid < 0)
		fail("fork: %s", strerror(errno));
	if (pid == 0)
		no_hanging(); /* a child has no alarm of its parent's */
	return pid;
}

/* reap waits for a child, which has said itself what it found wrong. */
static inline void reap(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		fail("wait: %s", strerror(errno));
	if (WIFSIGNALED(status))
		fail("a child was killed by signal %d", WTERMSIG(status));
	if (WEXITSTATUS(status) != 0)
		_exit(1);
}

/* A gate keeps processes at one place until one of them opens it. */
struct gate { int ends[2]; };

static inline void make_gate(struct gate *gate)
{
	want("pipe", result(pipe(gate->ends)), 0);
}

/* pass waits for the gate, which opens, too, if who holds it has ended. */
static inline void pass(struct gate *gate)
{
	char byte;

	close(gate->ends[1]);
	want("wait at a gate", result(read(gate->ends[0], &byte, 1)), 0);
	close(gate->ends[0]);
}

static inline void open_gate(struct gate *gate)
{
	close(gate->ends[0]);
	close(gate->ends[1]);
}
