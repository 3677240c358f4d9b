/* Flags of open and fcntl change only whether the descriptor can be read and written. */
#include "device.h"

#include <sys/stat.h>

static void use(int fd)
{
	refuse_pop("read of a new session", fd);
	set_capacity(fd, 2);
	refuse_pop("read of an empty deque", fd);
	push(fd, 2);
	push(fd, 4);
	want("write to a full deque", push_result(fd, 6), -EACCES);
	pop(fd, 2);
	pop(fd, 4);
}

static void one_way(void)
{
	unsigned char bytes[4] = { 2 };
	int fd = open_device(O_RDONLY);

	want("write at a descriptor opened for reading", result(write(fd, bytes, 1)), -EBADF);
	refuse_pop("read at a descriptor opened for reading", fd);
	close_device(fd);
	fd = open_device(O_WRONLY);
	set_capacity(fd, 2);
	push(fd, 2);
	want("read at a descriptor opened for writing", result(read(fd, bytes, 4)), -EBADF);
	close_device(fd);
}

/* truncated truncates the file, as a shell's > does. The session must keep its values. */
static void truncated(void)
{
	struct stat status;
	int fd = open_device(O_RDWR | O_TRUNC), second;

	set_capacity(fd, 2);
	push(fd, 2);
	second = open(device, O_RDWR | O_TRUNC);
	if (way_each && second >= 0)
		close_device(second);
	else
		want("second open with O_TRUNC", second < 0 ? -errno : 0, -EACCES);
	want("truncate", result(truncate(device, 0)), 0);
	want("ftruncate", result(ftruncate(fd, 0)), 0);
	want("fsync", result(fsync(fd)), 0);
	want("fstat", result(fstat(fd, &status)), 0);
	want("is a regular file", S_ISREG(status.st_mode), 1);
	push(fd, 4);
	pop(fd, 2);
	pop(fd, 4);
	close_device(fd);
}

int main(int argc, char **argv)
{
	static const int flags[] = {
		0, O_APPEND, O_TRUNC, O_NONBLOCK, O_CREAT, O_SYNC, O_DSYNC, O_CLOEXEC, O_NOCTTY, O_APPEND | O_NONBLOCK,
		O_CREAT | O_TRUNC | O_APPEND,
	};
	int fd;

	begin(argc, argv);
	for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
		fd = open(device, O_RDWR | flags[i], 0666);
		if (fd < 0)
			fail("open with flags %#o: %s", (unsigned)flags[i], strerror(errno));
		use(fd);
		close_device(fd);
		fd = open_device(O_RDWR);
		want("fcntl", result(fcntl(fd, F_SETFL, flags[i] & (O_APPEND | O_NONBLOCK))), 0);
		use(fd);
		close_device(fd);
	}
	want("open with O_EXCL", result(open(device, O_RDWR | O_CREAT | O_EXCL, 0666)), -EEXIST);
	one_way();
	truncated();
	return 0;
}
