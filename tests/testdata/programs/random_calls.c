/* Several processes make random calls at the same time, each with its own deque. They
   compare every result and value with a model of the device. A further argument is the
   seed. The program prints the seed. */
#include "device.h"

#include <time.h>

#define PROCESSES 5
#define CALLS 1000
#define LARGEST 5000 /* bytes of a write */

/* A model of a session, as the device's contract has it. */
struct model {
	int open, capacity, length;
	int32_t values[100]; /* leftmost first */
};

static long model_write(struct model *m, const unsigned char *bytes, size_t size)
{
	int32_t value;

	if (size == 0)
		return 0; /* Linux does not send the call; the device would refuse it */
	if (m->capacity == 0) {
		if (size > 1)
			return -EACCES;
		if (bytes[0] == 0 || bytes[0] > 100)
			return -EINVAL;
		m->capacity = bytes[0];
		return 1;
	}
	if (size != 4)
		return -EINVAL;
	if (m->length == m->capacity)
		return -EACCES;
	value = get(bytes);
	if (value & 1) {
		memmove(m->values + 1, m->values, (size_t)m->length * sizeof value);
		m->values[0] = value;
	} else {
		m->values[m->length] = value;
	}
	m->length++;
	return 4;
}

static long model_read(struct model *m, size_t size, int32_t *value)
{
	if (size == 0)
		return 0; /* as above */
	if (m->length == 0)
		return -EACCES;
	if (size < 4)
		return -EINVAL;
	*value = m->values[0];
	m->length--;
	memmove(m->values, m->values + 1, (size_t)m->length * sizeof *value);
	return 4;
}

static uint64_t state; /* of the random numbers (Marsaglia's xorshift64*) */

/* below returns a random number from 0 to limit - 1. */
static uint32_t below(uint32_t limit)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (uint32_t)(state * 2685821657736338717u >> 32) % limit;
}

static unsigned long seed;
static int number, fd;

/* compare is want with a message that has the seed, the call and the state. */
static void compare(const struct model *m, const char *call, size_t size, long got, long wanted)
{
	char a[64], b[64];

	if (got != wanted)
		fail("seed %lu, call %d, %s of %zu bytes at %d of %d values: got %s, want %s", seed, number, call, size, m->length,
		     m->capacity, result_name(got, a, sizeof a), result_name(wanted, b, sizeof b));
}

static void random_open(struct model *m)
{
	int second;

	if (!m->open) {
		fd = open(device, O_RDWR);
		compare(m, "open", 0, fd < 0 ? -errno : 0, 0);
		*m = (struct model){ .open = 1 };
		return;
	}
	second = open(device, O_RDWR);
	if (way_each && second >= 0) { /* the open is another client's */
		close_device(second);
		return;
	}
	compare(m, "second open", 0, second < 0 ? -errno : 0, -EACCES);
}

static void random_write(struct model *m)
{
	static const size_t sizes[] = { 0, 1, 2, 3, 5, 8, LARGEST };
	static unsigned char bytes[LARGEST];
	struct model before = *m;
	size_t size = 4;
	long got;

	if (below(5) == 0)
		size = sizes[below(sizeof sizes / sizeof sizes[0])];
	if (m->capacity == 0 && below(2) == 0)
		size = 1;
	for (size_t i = 0; i < size; i++)
		bytes[i] = (unsigned char)below(256);
	if (size == 1) /* a small capacity, or an invalid 0 or 101, or any */
		bytes[0] = (unsigned char)(below(3) ? below(8) : below(3) ? 101 : below(256));
	got = result(write(fd, bytes, size));
	compare(&before, "write", size, got, model_write(m, bytes, size));
}

static void random_read(struct model *m)
{
	struct model before = *m;
	unsigned char bytes[8];
	int32_t value = 0;
	size_t size = below(2) ? 4 : below(9);
	long got = result(read(fd, bytes, size)), wanted;

	if (way_kept_size && size > 4 && got == -ESPIPE && m->length > 0)
		return; /* nothing was popped; later reads show that */
	wanted = model_read(m, size, &value);
	compare(&before, "read", size, got, wanted);
	if (wanted == 4 && get(bytes) != value)
		fail("seed %lu, call %d, read: got value %ld, want %ld", seed, number, (long)get(bytes), (long)value);
}

static void random_process(int process)
{
	struct model m = { .open = 0 };

	state = (seed + 1) * PROCESSES + (unsigned)process;
	for (number = 0; number < CALLS; number++) {
		uint32_t chosen = below(40);

		if (!m.open || chosen == 0) {
			random_open(&m);
		} else if (chosen == 1) {
			close_device(fd);
			m.open = 0;
		} else if (chosen < 23) {
			random_write(&m);
		} else {
			random_read(&m);
		}
	}
}

int main(int argc, char **argv)
{
	const char *argument = begin(argc, argv);
	pid_t children[PROCESSES];

	seed = argument ? strtoul(argument, NULL, 10) : (unsigned long)time(NULL) % 1000000;
	printf("seed %lu\n", seed);
	fflush(stdout);
	for (int i = 0; i < PROCESSES; i++) {
		children[i] = fork_child();
		if (children[i] == 0) {
			random_process(i);
			_exit(0);
		}
	}
	for (int i = 0; i < PROCESSES; i++)
		reap(children[i]);
	return 0;
}
