//go:build ignore

// Serves a FUSE file that does nothing, as barefuse.go does, without a Go runtime:
// one thread, direct I/O, the low-level API of libfuse3.
//
//	barefuse DIR    mounts at DIR until SIGTERM

#define FUSE_USE_VERSION 35
#include <errno.h>
#include <fuse_lowlevel.h>
#include <stdio.h>
#include <string.h>

static const fuse_ino_t file = FUSE_ROOT_ID + 1;

// init asks for no splice: it makes messages of four bytes no faster.
static void init(void *data, struct fuse_conn_info *conn)
{
	(void)data;
	conn->want &= ~(FUSE_CAP_SPLICE_READ | FUSE_CAP_SPLICE_WRITE | FUSE_CAP_SPLICE_MOVE);
}

static struct stat describe(fuse_ino_t inode)
{
	struct stat s = {.st_ino = inode, .st_nlink = 1, .st_mode = S_IFREG | 0666};
	if (inode == FUSE_ROOT_ID)
		s.st_mode = S_IFDIR | 0755;
	return s;
}

static void lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct fuse_entry_param entry = {.ino = file, .attr = describe(file)};
	if (parent == FUSE_ROOT_ID && strcmp(name, "file") == 0)
		fuse_reply_entry(req, &entry);
	else
		fuse_reply_err(req, ENOENT);
}

static void get_attributes(fuse_req_t req, fuse_ino_t inode, struct fuse_file_info *info)
{
	struct stat s = describe(inode);
	(void)info;
	fuse_reply_attr(req, &s, 0);
}

static void set_attributes(fuse_req_t req, fuse_ino_t inode, struct stat *s, int which, struct fuse_file_info *info)
{
	(void)s;
	(void)which;
	get_attributes(req, inode, info);
}

static void open_file(fuse_req_t req, fuse_ino_t inode, struct fuse_file_info *info)
{
	(void)inode;
	info->direct_io = 1;
	fuse_reply_open(req, info);
}

static void read_file(fuse_req_t req, fuse_ino_t inode, size_t size, off_t offset, struct fuse_file_info *info)
{
	static const char value[] = {2, 0, 0, 0};
	(void)inode;
	(void)offset;
	(void)info;
	fuse_reply_buf(req, value, size < sizeof value ? size : sizeof value);
}

static void write_file(fuse_req_t req, fuse_ino_t inode, const char *data, size_t size, off_t offset, struct fuse_file_info *info)
{
	(void)inode;
	(void)data;
	(void)offset;
	(void)info;
	fuse_reply_write(req, size);
}

static const struct fuse_lowlevel_ops operations = {
	.init = init,
	.lookup = lookup,
	.getattr = get_attributes,
	.setattr = set_attributes,
	.open = open_file,
	.read = read_file,
	.write = write_file,
};

// serve answers requests until a signal ends the session.
static int serve(struct fuse_session *session, const char *dir)
{
	int failed;
	if (fuse_set_signal_handlers(session) != 0)
		return 1;
	if (fuse_session_mount(session, dir) != 0)
		return 1;
	failed = fuse_session_loop(session) < 0;
	fuse_session_unmount(session);
	fuse_remove_signal_handlers(session);
	return failed;
}

int main(int argc, char **argv)
{
	struct fuse_args args = FUSE_ARGS_INIT(1, argv);
	struct fuse_session *session;
	int failed;
	if (argc != 2) {
		fprintf(stderr, "usage: %s DIR\n", argv[0]);
		return 2;
	}
	session = fuse_session_new(&args, &operations, sizeof operations, NULL);
	if (session == NULL)
		return 1;
	failed = serve(session, argv[1]);
	fuse_session_destroy(session);
	fuse_opt_free_args(&args);
	return failed;
}
