/* Positions mean nothing: pread and pwrite work at any position, and always pop and push
   at the deque. lseek has no effect on it. */
#include "device.h"

static const off_t places[] = { 0, 1, 4, 4095, 4096, 1000000, (off_t)1 << 40 };
#define PLACES (int)(sizeof places / sizeof places[0])

static int32_t next_value;

/* take checks the result of a read: it must have popped the next value. With
   kept-size the read may also have been refused with ESPIPE. take then pops. */
static void take(const char *call, int fd, long got, const unsigned char *bytes)
{
	if (way_kept_size && got == -ESPIPE) {
		pop(fd, next_value);
	} else {
		want(call, got, 4);
		want_value(call, bytes, next_value);
	}
	next_value += 2;
}

int main(int argc, char **argv)
{
	unsigned char bytes[100];
	int fd;

	begin(argc, argv);
	fd = open_device(O_RDWR);
	set_capacity(fd, 100);
	for (int i = 0; i < PLACES; i++) {
		put(bytes, 4 * i);
		want("pwrite", result(pwrite(fd, bytes, 4, places[i])), 4);
		want("lseek", result(lseek(fd, places[i], SEEK_SET)), (long)places[i]);
		push(fd, 4 * i + 2);
		want("pwrite of 5 bytes", result(pwrite(fd, bytes, 5, places[i])), -EINVAL);
	}
	for (int i = 0; i < PLACES; i++) {
		want("pread", result(pread(fd, bytes, 4, places[i])), 4);
		want_value("pread", bytes, next_value);
		next_value += 2;
		want("pread of 3 bytes", result(pread(fd, bytes, 3, places[i])), -EINVAL);
	}
	if (lseek(fd, 0, SEEK_END) < 0)
		fail("lseek to the end: %s", strerror(errno));
	pop(fd, next_value);
	next_value += 2;
	for (int i = 1; i < PLACES; i++) {
		want("lseek back", result(lseek(fd, places[i] / 2, SEEK_SET)), (long)(places[i] / 2));
		take("read of 100 bytes", fd, result(read(fd, bytes, sizeof bytes)), bytes);
	}
	for (int i = 0; i < PLACES; i++)
		want("pread of an empty deque", result(pread(fd, bytes, 4, places[i])), -EACCES);
	close_device(fd);
	return 0;
}
