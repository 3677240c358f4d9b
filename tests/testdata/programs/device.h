/*
 * Functions for all programs of this folder: calls at a device file whose results are
 * compared, and a time limit.
 *
 * A program is started as PROGRAM DEVICE [WAY...]. If all is right, it ends with
 * status 0. Otherwise it prints one line that says what was wrong and ends with
 * status 1. Without a WAY each process is a client and may have the device open once.
 * The kernel module and a FUSE mount behave so. The ways are
 *
 *   each       every open is a client of its own, as below each/ of a 9p mount
 *   kept-size  the device is on a 9p mount of Linux 6.8 or later. The server refuses
 *              a read of more than four bytes with ESPIPE, if it is below the end of
 *              what Linux believes is written: Linux would lose the value
 *              (fs/9p/vfs_addr.c, v9fs_issue_read)
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

#define SECONDS 100 /* the time limit of a process */

static const char *program, *device;
static int way_each, way_kept_size;

/* fail prints a line that says what was wrong, and ends the program. */
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

/* hangs handles SIGALRM. It does not call fail, which is not safe in a handler. */
static inline void hangs(int number)
{
	static const char line[] = "a call does not return\n";

	(void)number;
	_exit(write(2, line, sizeof line - 1) > 0 ? 1 : 2);
}

/* no_hanging starts the time limit of this process. */
static inline void no_hanging(void)
{
	signal(SIGALRM, hangs);
	alarm(SECONDS);
}

/* begin reads the arguments. It returns the last one that is not a way, or NULL. */
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

/* result returns what a call returned, or -errno if it failed. */
static inline long result(long returned)
{
	return returned < 0 ? -errno : returned;
}

/* result_name returns a result as text, possibly in buffer. */
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

/* want fails if the result of a call is not the wanted one. */
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

/* refuse_open expects that an open is refused, because this client has the device
   open. If each open is a client of its own, the open may succeed. */
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

/* put encodes a value for the device: little-endian, on every machine. */
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

/* pop reads four bytes and expects the wanted value. */
static inline void pop(int fd, int32_t wanted)
{
	unsigned char bytes[4];

	want("read of a value", result(read(fd, bytes, 4)), 4);
	want_value("read", bytes, wanted);
}

/* refuse_pop expects that a read is refused, because the deque is empty or has no
   capacity yet. */
static inline void refuse_pop(const char *call, int fd)
{
	unsigned char bytes[4];

	want(call, result(read(fd, bytes, 4)), -EACCES);
}

/* fork_child is fork with a time limit for the child. */
static inline pid_t fork_child(void)
{
	pid_t pid = fork();

	if (pid < 0)
		fail("fork: %s", strerror(errno));
	if (pid == 0)
		no_hanging(); /* alarms are not inherited (alarm(2)) */
	return pid;
}

/* reap waits for a child. If the child failed, it has printed why. */
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

/* A gate lets processes wait until another process opens it. */
struct gate { int ends[2]; };

static inline void make_gate(struct gate *gate)
{
	want("pipe", result(pipe(gate->ends)), 0);
}

/* pass waits until the gate opens. It also opens when the process that should open it
   ends. */
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
