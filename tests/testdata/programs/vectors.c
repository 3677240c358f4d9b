/*
 * readv and writev each make one call at the device, with the size of all parts together.
 *
 * This is true on every mount, because Linux passes all parts to a file system at once.
 * For a file in /proc whose driver has read and write without iterators, Linux makes a
 * call for each part (fs/read_write.c, do_loop_readv_writev). So the kernel module pops a
 * value for each part of four bytes.
 */
#include "device.h"

#include <sys/uio.h>

int main(int argc, char **argv)
{
	unsigned char a[4096], b[4096];
	struct iovec halves[] = { { a, 2 }, { b, 2 } };
	struct iovec two[] = { { a, 4 }, { b, 4 } };
	struct iovec capacity[] = { { a, 0 }, { b, 1 } };
	struct iovec large[] = { { a, 4 }, { b, sizeof b } };
	int fd;

	begin(argc, argv);
	fd = open_device(O_RDWR);
	b[0] = 3;
	want("writev of 0 and 1 bytes", result(writev(fd, capacity, 2)), 1);
	put(a, 2 << 16 | 1);
	memcpy(b, a + 2, 2);
	want("writev of 2 and 2 bytes", result(writev(fd, halves, 2)), 4);
	want("writev of 4 and 4 bytes", result(writev(fd, two, 2)), -EINVAL);
	push(fd, 4);
	push(fd, 6);
	want("writev to a full deque", result(writev(fd, halves, 2)), -EACCES);

	want("readv of 2 and 2 bytes", result(readv(fd, halves, 2)), 4);
	memcpy(a + 2, b, 2);
	want_value("readv of 2 and 2 bytes", a, 2 << 16 | 1);
	want("readv of 0 and 1 bytes", result(readv(fd, capacity, 2)), -EINVAL);
	memset(b, 0xaa, sizeof b);
	want("readv of 4 and 4 bytes", result(readv(fd, two, 2)), 4);
	want_value("readv of 4 and 4 bytes", a, 4);
	want("first byte after the value", b[0], 0xaa);
	want("readv of 4 and 4096 bytes", result(readv(fd, large, 2)), 4);
	want_value("readv of 4 and 4096 bytes", a, 6);
	want("first byte after the value", b[0], 0xaa);
	want("readv of an empty deque", result(readv(fd, two, 2)), -EACCES);
	close_device(fd);
	return 0;
}
