/*
 * Asynchronous calls, by io_uring and io_submit(2), do what read and write do: each
 * makes one call at the device, at any position, even after a program has asked for
 * the size of the file. (Linux 6.5 and later compares asynchronous reads of FUSE files
 * with the size that it knows, fs/fuse/file.c, fuse_direct_IO.)
 *
 * A kind of call that Linux does not have or does not allow is left out.
 */
#define _GNU_SOURCE
#include "device.h"

#include <linux/aio_abi.h>
#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* A way is a kind of asynchronous call. read and write return the call's result. */
struct way {
	const char *name;
	int (*begin)(void); /* returns 0 if Linux does not have or allow it */
	long (*read)(int fd, void *bytes, size_t count, off_t position);
	long (*write)(int fd, const void *bytes, size_t count, off_t position);
};

/* io_uring without liburing (io_uring(7)) */

static int ring;
static struct io_uring_params params;
static unsigned char *submissions, *completions;
static struct io_uring_sqe *entries;

static unsigned *at(unsigned char *base, unsigned offset)
{
	return (unsigned *)(void *)(base + offset);
}

static void *map_ring(size_t size, off_t what)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, ring, what);

	if (p == MAP_FAILED)
		fail("map the ring: %s", strerror(errno));
	return p;
}

static int begin_ring(unsigned flags)
{
	memset(&params, 0, sizeof params);
	params.flags = flags;
	ring = (int)syscall(SYS_io_uring_setup, 4, &params);
	if (ring < 0)
		return 0;
	submissions = map_ring(params.sq_off.array + params.sq_entries * sizeof(unsigned), IORING_OFF_SQ_RING);
	completions = map_ring(params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe), IORING_OFF_CQ_RING);
	entries = map_ring(params.sq_entries * sizeof *entries, IORING_OFF_SQES);
	return 1;
}

static unsigned char entry_flags;

static int begin_inline(void)
{
	entry_flags = 0;
	return begin_ring(0);
}

static int begin_workers(void)
{
	entry_flags = IOSQE_ASYNC;
	return begin_ring(0);
}

static int begin_polling(void)
{
	entry_flags = 0;
	return begin_ring(IORING_SETUP_SQPOLL);
}

/* transfer submits one request and waits for its result. */
static long transfer(unsigned char op, int fd, const void *bytes, size_t count, off_t position)
{
	unsigned tail = *at(submissions, params.sq_off.tail);
	unsigned index = tail & *at(submissions, params.sq_off.ring_mask);
	unsigned head = *at(completions, params.cq_off.head);
	unsigned enter = IORING_ENTER_GETEVENTS | (params.flags & IORING_SETUP_SQPOLL ? IORING_ENTER_SQ_WAKEUP : 0);
	struct io_uring_cqe *done;

	memset(&entries[index], 0, sizeof entries[index]);
	entries[index].opcode = op;
	entries[index].flags = entry_flags;
	entries[index].fd = fd;
	entries[index].addr = (uint64_t)(uintptr_t)bytes;
	entries[index].len = (uint32_t)count;
	entries[index].off = (uint64_t)position;
	at(submissions, params.sq_off.array)[index] = index;
	__atomic_store_n(at(submissions, params.sq_off.tail), tail + 1, __ATOMIC_RELEASE);
	while (__atomic_load_n(at(completions, params.cq_off.tail), __ATOMIC_ACQUIRE) == head)
		if (syscall(SYS_io_uring_enter, ring, 1, 1, enter, NULL, 0) < 0 && errno != EINTR && errno != EBUSY)
			fail("io_uring_enter: %s", strerror(errno));
	done = (struct io_uring_cqe *)(void *)(completions + params.cq_off.cqes) + (head & *at(completions, params.cq_off.ring_mask));
	head++;
	index = (unsigned)done->res;
	__atomic_store_n(at(completions, params.cq_off.head), head, __ATOMIC_RELEASE);
	return (int)index;
}

static long ring_read(int fd, void *bytes, size_t count, off_t position)
{
	return transfer(IORING_OP_READ, fd, bytes, count, position);
}

static long ring_write(int fd, const void *bytes, size_t count, off_t position)
{
	return transfer(IORING_OP_WRITE, fd, bytes, count, position);
}

/* io_submit(2), which has no current position */

static aio_context_t context;

static int begin_aio(void)
{
	return context != 0 || syscall(SYS_io_setup, 4, &context) == 0;
}

static long submit(unsigned short op, int fd, const void *bytes, size_t count, off_t position)
{
	struct iocb request = { .aio_lio_opcode = op, .aio_fildes = (uint32_t)fd, .aio_nbytes = count };
	struct iocb *requests[] = { &request };
	struct io_event event;

	request.aio_buf = (uint64_t)(uintptr_t)bytes;
	request.aio_offset = position < 0 ? 0 : position;
	want("io_submit", result(syscall(SYS_io_submit, context, 1, requests)), 1);
	want("io_getevents", result(syscall(SYS_io_getevents, context, 1, 1, &event, NULL)), 1);
	return (long)event.res;
}

static long aio_read(int fd, void *bytes, size_t count, off_t position)
{
	return submit(IOCB_CMD_PREAD, fd, bytes, count, position);
}

static long aio_write(int fd, const void *bytes, size_t count, off_t position)
{
	return submit(IOCB_CMD_PWRITE, fd, bytes, count, position);
}

static const struct way ways[] = {
	{ "io_uring", begin_inline, ring_read, ring_write },
	{ "io_uring in a worker", begin_workers, ring_read, ring_write },
	{ "io_uring with a polling thread", begin_polling, ring_read, ring_write },
	{ "io_submit", begin_aio, aio_read, aio_write },
};

/* Positions of calls. -1 is the current position, if a call has one. */
static const off_t places[] = { -1, 0, 4, 4096, 1000000, (off_t)1 << 29 };
#define PLACES (int)(sizeof places / sizeof places[0])

/* look asks for the size of the file, by path and by descriptor. */
static void look(int fd)
{
	struct stat st;

	want("stat", result(stat(device, &st)), 0);
	want("size by stat", (long)st.st_size, 0);
	want("fstat", result(fstat(fd, &st)), 0);
	want("size by fstat", (long)st.st_size, 0);
}

static void take(const struct way *way, int fd, size_t count, off_t position, int32_t wanted)
{
	unsigned char bytes[4096];
	long got = way->read(fd, bytes, count, position);

	if (got != 4)
		fail("%s of %ld bytes at %ld: got %ld, want 4", way->name, (long)count, (long)position, got);
	want_value(way->name, bytes, wanted);
}

/* session makes all kinds of calls at the device in one way. */
static void session(const struct way *way, int flags)
{
	unsigned char bytes[5] = { 100 };
	int fd = open_device(flags);

	want(way->name, way->read(fd, bytes, 4, -1), -EACCES);
	want(way->name, way->write(fd, bytes, 1, -1), 1);
	for (int i = 0; i < PLACES; i++) {
		put(bytes, 2 * i);
		want(way->name, way->write(fd, bytes, 4, places[i]), 4);
		want(way->name, way->write(fd, bytes, 5, places[i]), -EINVAL);
	}
	for (int i = 0; i < PLACES; i++) {
		want("read of 3 bytes", way->read(fd, bytes, 3, places[i]), -EINVAL);
		take(way, fd, 4, places[i], 2 * i);
		look(fd);
	}
	for (int i = 0; i < PLACES; i++) {
		push(fd, 2 * i);
		if (way_kept_size) /* longer reads may be refused */
			take(way, fd, 4, places[i], 2 * i);
		else
			take(way, fd, 4096, places[i], 2 * i);
	}
	want("read of an empty deque", way->read(fd, bytes, 4, 0), -EACCES);
	close_device(fd);
}

int main(int argc, char **argv)
{
	begin(argc, argv);
	for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
		if (!ways[i].begin())
			continue;
		session(&ways[i], O_RDWR);
		session(&ways[i], O_RDWR | O_TRUNC);
	}
	return 0;
}
