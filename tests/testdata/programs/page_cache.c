/*
 * sendfile and mmap use the page cache of Linux, which all processes share. They may be
 * refused. If they are not, they must return the session's own values, each once and in
 * order, and must not lose any. (Below the end of what it believes is written, Linux 6.5
 * and later reads a page for sendfile, mm/filemap.c, filemap_splice_read.)
 */
#include "device.h"

#include <setjmp.h>
#include <sys/mman.h>
#include <sys/sendfile.h>

#define VALUES 100

static int32_t next_value;

/* send_some copies values from an offset to a pipe with sendfile, and checks them. */
static void send_some(int fd, off_t offset, size_t count)
{
	unsigned char bytes[VALUES * 4];
	int ends[2];
	long got;

	want("pipe", result(pipe(ends)), 0);
	got = result(sendfile(ends[1], fd, &offset, count));
	if (got > 0) {
		want("sendfile: bytes beyond whole values", got % 4, 0);
		want("read of the pipe", result(read(ends[0], bytes, sizeof bytes)), got);
	} else if (got != 0 && got != -EINVAL && got != -EIO) {
		want("sendfile", got, -ESPIPE); /* Linux 7.2 returns EIO if it cannot read a page */
	}
	for (long i = 0; i < got; i += 4, next_value += 2)
		want_value("sendfile", bytes + i, next_value);
	close(ends[0]);
	close(ends[1]);
}

static sigjmp_buf no_page;

static void bus_error(int number)
{
	(void)number;
	siglongjmp(no_page, 1);
}

/*
 * map reads a page of the file, if mmap succeeds.
 *
 * It does nothing on a 9p mount of Linux 6.1. There Linux keeps the page with the value
 * and shows it to all processes (fs/9p/vfs_file.c, v9fs_file_mmap; fs/9p/vfs_addr.c). A
 * server cannot prevent that, because the Tread for a page is the same as for a read of
 * 4096 bytes.
 */
static void map(int fd)
{
	void *page;

	if (way_each && !way_kept_size)
		return;
	page = mmap(NULL, 4, PROT_READ, MAP_PRIVATE, fd, 0);
	if (page == MAP_FAILED)
		return;
	signal(SIGBUS, bus_error);
	if (sigsetjmp(no_page, 1) == 0) {
		want_value("mmap", page, next_value);
		next_value += 2;
	}
	signal(SIGBUS, SIG_DFL);
	munmap(page, 4);
}

/* fill fills the deque with values that only this process has. */
static void fill(int fd, int32_t first)
{
	next_value = first;
	set_capacity(fd, VALUES);
	for (int i = 0; i < VALUES; i++)
		push(fd, first + 2 * i);
}

static void take_some(int fd)
{
	for (int i = 0; i < 3; i++) {
		send_some(fd, 0, 4);
		send_some(fd, 4 * i, 8);
		pop(fd, next_value);
		next_value += 2;
		map(fd);
		pop(fd, next_value);
		next_value += 2;
	}
}

int main(int argc, char **argv)
{
	struct gate filled, taken;
	pid_t child;
	int fd;

	begin(argc, argv);
	make_gate(&filled);
	make_gate(&taken);
	child = fork_child();
	if (child == 0) {
		fd = open_device(O_RDWR);
		fill(fd, 1000);
		open_gate(&filled);
		pass(&taken);
		take_some(fd);
		_exit(0);
	}
	fd = open_device(O_RDWR);
	fill(fd, 2000);
	pass(&filled);
	take_some(fd);
	open_gate(&taken);
	reap(child);
	take_some(fd);
	close_device(fd);
	return 0;
}
