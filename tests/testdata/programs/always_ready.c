/* poll and select always report the device as ready to read and write, because no
   call ever waits: a call that is not possible is refused. */
#include "device.h"

#include <poll.h>
#include <sys/select.h>

static void ready(const char *when, int fd)
{
	struct pollfd asked = { .fd = fd, .events = POLLIN | POLLOUT | POLLPRI };
	struct timeval none = { 0, 0 };
	fd_set readable, writable;
	char call[100];

	snprintf(call, sizeof call, "poll, %s", when);
	want(call, result(poll(&asked, 1, 0)), 1);
	want("events of poll", asked.revents, POLLIN | POLLOUT);
	asked.revents = 0;
	want("poll without end", result(poll(&asked, 1, -1)), 1);
	FD_ZERO(&readable);
	FD_ZERO(&writable);
	FD_SET(fd, &readable);
	FD_SET(fd, &writable);
	snprintf(call, sizeof call, "select, %s", when);
	want(call, result(select(fd + 1, &readable, &writable, NULL, &none)), 2);
}

int main(int argc, char **argv)
{
	int fd;

	begin(argc, argv);
	fd = open_device(O_RDWR | O_NONBLOCK);
	ready("without a capacity", fd);
	set_capacity(fd, 1);
	ready("empty", fd);
	refuse_pop("read of an empty deque", fd);
	push(fd, 2);
	ready("full", fd);
	want("write to a full deque", push_result(fd, 4), -EACCES);
	pop(fd, 2);
	close_device(fd);
	return 0;
}
