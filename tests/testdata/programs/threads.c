/* The threads of a process are one client. They push and pop at one descriptor at the
   same time: no value is lost and none comes twice. No thread can open the device a
   second time. */
#include "device.h"

#include <pthread.h>

#define THREADS 8
#define ROUNDS 250
#define AT_ONCE 12 /* values that each thread pushes before it pops any; all fit */

static int fd;
static pthread_barrier_t together;
static int32_t popped[THREADS][ROUNDS + AT_ONCE];

/* take pops any value. The deque is never empty then, because each thread pushes before
   it pops. */
static int32_t take(void)
{
	unsigned char bytes[4];

	want("read by a thread", result(read(fd, bytes, 4)), 4);
	return get(bytes);
}

static void *thread(void *number)
{
	int me = (int)(intptr_t)number, first = me * (ROUNDS + AT_ONCE);

	pthread_barrier_wait(&together);
	refuse_open("open by another thread");
	for (int i = 0; i < ROUNDS; i++) {
		push(fd, first + i);
		popped[me][i] = take();
	}
	pthread_barrier_wait(&together);
	for (int i = 0; i < AT_ONCE; i++)
		push(fd, first + ROUNDS + i);
	pthread_barrier_wait(&together);
	for (int i = 0; i < AT_ONCE; i++)
		popped[me][ROUNDS + i] = take();
	return NULL;
}

int main(int argc, char **argv)
{
	static int times[THREADS * (ROUNDS + AT_ONCE)];
	pthread_t threads[THREADS];

	begin(argc, argv);
	fd = open_device(O_RDWR);
	set_capacity(fd, THREADS * AT_ONCE);
	pthread_barrier_init(&together, NULL, THREADS);
	for (int i = 0; i < THREADS; i++)
		want("pthread_create", -pthread_create(&threads[i], NULL, thread, (void *)(intptr_t)i), 0);
	for (int i = 0; i < THREADS; i++)
		want("pthread_join", -pthread_join(threads[i], NULL), 0);
	refuse_pop("read after all values were popped", fd);
	close_device(fd);

	for (int i = 0; i < THREADS; i++)
		for (int j = 0; j < ROUNDS + AT_ONCE; j++) {
			int32_t value = popped[i][j];

			if (value < 0 || value >= (int32_t)(sizeof times / sizeof times[0]))
				fail("value %ld was never pushed", (long)value);
			times[value]++;
		}
	for (size_t i = 0; i < sizeof times / sizeof times[0]; i++)
		if (times[i] != 1)
			fail("value %zu came %d times", i, times[i]);
	return 0;
}
