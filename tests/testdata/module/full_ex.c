// SPDX-License-Identifier: MIT
/*
 * full_ex: the device as a kernel module, for the tests of
 * "fullex check --profile module".
 *
 * It differs from fullex as the original module does:
 *
 *   - A session belongs to the thread that opened the file, not to the open file. Other
 *     threads and child processes are refused. If one of them closes the file last, the
 *     session is leaked.
 *   - A read of 1..3 bytes pops a value, copies that many bytes and returns 4.
 *   - The module asks for mode 0, which procfs changes to 0444.
 *
 * The parameter fault breaks one row of the contract. Tests use it to show that
 * fullex check notices that:
 *
 *   insmod full_ex.ko fault=odd-right
 */
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/proc_fs.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#define NAME "full_ex"
#define MAX_CAPACITY 100

static char *fault = "";
module_param(fault, charp, 0444);
MODULE_PARM_DESC(fault, "the row of the contract to break");

static bool broken(const char *name)
{
	return !strcmp(fault, name);
}

/* A session has a deque, which is a ring. */
struct session {
	struct list_head entry;
	pid_t thread;	/* the thread that opened the file */
	int capacity;	/* in values; 0: not set yet */
	int room;	/* in values; the capacity, or more with the fault one-more */
	int first;	/* index of the leftmost value */
	int length;	/* in values */
	s32 ring[MAX_CAPACITY + 1];
};

static LIST_HEAD(sessions);
static DEFINE_MUTEX(lock);	/* guards the list and its sessions */

/* mine returns the session of the calling thread, or NULL. The caller must hold lock. */
static struct session *mine(void)
{
	struct session *s;

	list_for_each_entry(s, &sessions, entry)
		if (s->thread == current->pid)
			return s;
	return NULL;
}

static void push(struct session *s, s32 value)
{
	bool left = value % 2 != 0 && !broken("odd-right");
	int at = left ? s->first + MAX_CAPACITY : s->first + s->length;

	at %= MAX_CAPACITY + 1;
	s->ring[at] = value;
	if (left)
		s->first = at;
	s->length++;
}

static s32 pop(struct session *s)
{
	s32 value = s->ring[s->first];

	s->first = (s->first + 1) % (MAX_CAPACITY + 1);
	s->length--;
	return value;
}

static int device_open(struct inode *inode, struct file *file)
{
	struct session *s;
	int err = 0;

	mutex_lock(&lock);
	s = mine();
	if (s) {
		err = broken("second-open") ? 0 : -EACCES;
		goto out;
	}
	s = kzalloc(sizeof(*s), GFP_KERNEL);
	if (!s) {
		err = -ENOMEM;
		goto out;
	}
	s->thread = current->pid;
	list_add(&s->entry, &sessions);
out:
	mutex_unlock(&lock);
	return err;
}

static int device_release(struct inode *inode, struct file *file)
{
	struct session *s;

	mutex_lock(&lock);
	s = mine();
	if (s && !broken("close-keeps")) {
		list_del(&s->entry);
		kfree(s);
	}
	mutex_unlock(&lock);
	return 0;
}

/* refused is a call by a thread without a session. The caller must hold lock. */
static ssize_t refused(void)
{
	struct session *any = list_first_entry_or_null(&sessions, struct session, entry);

	if (any && any->length > 0 && broken("refusal-pops"))
		pop(any);
	return -EACCES;
}

/* set_capacity is the first write of a session. The caller must hold lock. */
static ssize_t set_capacity(struct session *s, const char __user *from, size_t count)
{
	u8 capacity;

	if (count > 1)
		return -EACCES;
	if (get_user(capacity, from))
		return -EFAULT;
	if (capacity < 1 || capacity > MAX_CAPACITY)
		return -EINVAL;
	s->capacity = capacity;
	s->room = capacity + broken("one-more");
	return 1;
}

static ssize_t device_write(struct file *file, const char __user *from, size_t count, loff_t *offset)
{
	struct session *s;
	ssize_t result;
	s32 value;

	mutex_lock(&lock);
	s = mine();
	if (!s)
		result = refused();
	else if (count == 0)
		result = -EINVAL;
	else if (s->capacity == 0)
		result = set_capacity(s, from, count);
	else if (count != sizeof(value))
		result = broken("any-size") ? count : -EINVAL;
	else if (s->length >= s->room)
		result = -EACCES;
	else if (copy_from_user(&value, from, sizeof(value)))
		result = -EFAULT;
	else {
		push(s, value);
		result = sizeof(value);
	}
	mutex_unlock(&lock);
	return result;
}

static ssize_t device_read(struct file *file, char __user *to, size_t count, loff_t *offset)
{
	struct session *s;
	ssize_t result;
	s32 value;

	mutex_lock(&lock);
	s = mine();
	if (!s)
		result = refused();
	else if (count == 0)
		result = -EINVAL;
	else if (s->length == 0)
		result = broken("empty-ends") ? 0 : -EACCES;
	else {
		value = pop(s);
		result = sizeof(value);
		if (copy_to_user(to, &value, min(count, sizeof(value))))
			result = -EFAULT;
		else if (count < sizeof(value) && broken("short-counts"))
			result = count;
	}
	mutex_unlock(&lock);
	return result;
}

static const struct proc_ops operations = {
	.proc_open = device_open,
	.proc_read = device_read,
	.proc_write = device_write,
	.proc_release = device_release,
};

static int __init full_ex_init(void)
{
	return proc_create(NAME, 0, NULL, &operations) ? 0 : -ENOMEM;
}

static void __exit full_ex_exit(void)
{
	struct session *s, *next;

	remove_proc_entry(NAME, NULL);	/* no call is under way after this */
	list_for_each_entry_safe(s, next, &sessions, entry)
		kfree(s);
}

module_init(full_ex_init);
module_exit(full_ex_exit);

MODULE_DESCRIPTION("A bounded deque of integers at /proc/full_ex, for tests of fullex");
MODULE_LICENSE("Dual MIT/GPL");
