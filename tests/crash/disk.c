/* A disk that forgets. */
#include "config.h"

#include "disk.h"

#include "../unit/tap.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECTOR	   512
#define MOST_CALLS 100000

ssize_t __real_pwrite(int fd, const void *data, size_t length, off_t position);
int __real_ftruncate(int fd, off_t size);
int __real_posix_fallocate(int fd, off_t position, off_t length);
int __real_fsync(int fd);
ssize_t __wrap_pwrite(int fd, const void *data, size_t length, off_t position);
int __wrap_ftruncate(int fd, off_t size);
int __wrap_posix_fallocate(int fd, off_t position, off_t length);
int __wrap_fsync(int fd);

enum kind { KIND_WRITE, KIND_TRUNCATE, KIND_EXTEND, KIND_SYNC };

struct call {
	enum kind kind;
	int file;
	size_t position; /* of a write; the size for the two after it */
	struct bytes data;
};

struct file {
	int fd;
	ino_t inode;
	struct bytes start;
};

static struct file files[DISK_FILES];
static struct call calls[MOST_CALLS];
static size_t call_count;
static int ignored_sync = -1;
static size_t ignored_writes;

void
disk_ignore_sync(int file)
{
	ignored_sync = file;
}

void
disk_ignore_writes(size_t length)
{
	ignored_writes = length;
}

/* ---- recording ---------------------------------------------------------- */

/* The number of a watched file, by inode: it may be open more than once. */
static int
number_of(int fd)
{
	struct stat status;
	int i;

	if (fstat(fd, &status) == 0)
		for (i = 0; i < DISK_FILES; i++)
			if (files[i].inode == status.st_ino)
				return i;
	return -1;
}

static void
record(
    enum kind kind, int file, size_t position, const void *data, size_t length)
{
	struct call *call = &calls[call_count];

	if (file == -1)
		return;
	if (++call_count == MOST_CALLS)
		bail_out("too many system calls");
	call->kind = kind;
	call->file = file;
	call->position = position;
	if (length > 0)
		bytes_add(&call->data, data, length);
}

ssize_t
__wrap_pwrite(int fd, const void *data, size_t length, off_t position)
{
	int file = number_of(fd);

	if (file == 0 && length == ignored_writes)
		return (ssize_t)length;
	record(KIND_WRITE, file, (size_t)position, data, length);
	return __real_pwrite(fd, data, length, position);
}

int
__wrap_ftruncate(int fd, off_t size)
{
	record(KIND_TRUNCATE, number_of(fd), (size_t)size, NULL, 0);
	return __real_ftruncate(fd, size);
}

int
__wrap_posix_fallocate(int fd, off_t position, off_t length)
{
	record(
	    KIND_EXTEND, number_of(fd), (size_t)(position + length), NULL, 0);
	return __real_posix_fallocate(fd, position, length);
}

int
__wrap_fsync(int fd)
{
	int file = number_of(fd);

	if (file == -1 || file != ignored_sync)
		record(KIND_SYNC, file, 0, NULL, 0);
	return 0;
}

/* ---- content of files --------------------------------------------------- */

static void
resize(struct bytes *content, size_t size)
{
	if (size > content->length) {
		bytes_fill(content, '\0', size - content->length);
	} else if (content->data != NULL) {
		content->length = size;
		content->data[size] = '\0';
	}
}

static void
load(const struct file *file, struct bytes *content)
{
	struct stat status;

	if (fstat(file->fd, &status) == -1)
		bail_out("fstat");
	bytes_free(content);
	resize(content, (size_t)status.st_size);
	if (content->length > 0 &&
	    pread(file->fd, content->data, content->length, 0) !=
		(ssize_t)content->length)
		bail_out("pread");
}

static void
store(const struct file *file, const struct bytes *content)
{
	if (__real_ftruncate(file->fd, 0) == -1 ||
	    (content->length > 0 &&
		__real_pwrite(file->fd, content->data, content->length, 0) !=
		    (ssize_t)content->length))
		bail_out("cannot make a file");
}

static void
write_part(
    struct bytes *content, const struct call *call, size_t from, size_t to)
{
	if (call->position + to > content->length)
		resize(content, call->position + to);
	memcpy(content->data + call->position + from, call->data.data + from,
	    to - from);
}

static void
apply(struct bytes *content, const struct call *call)
{
	switch (call->kind) {
	case KIND_WRITE:
		if (call->data.length > 0)
			write_part(content, call, 0, call->data.length);
		break;
	case KIND_TRUNCATE:
		resize(content, call->position);
		break;
	case KIND_EXTEND:
		if (call->position > content->length)
			resize(content, call->position);
		break;
	case KIND_SYNC:
		break;
	}
}

/* ---- start and end ------------------------------------------------------ */

void
disk_watch(int file, int fd)
{
	struct stat status;

	if (fstat(fd, &status) == -1)
		bail_out("fstat");
	files[file].fd = fd;
	files[file].inode = status.st_ino;
}

void
disk_start(void)
{
	int i;

	while (call_count > 0)
		bytes_free(&calls[--call_count].data);
	for (i = 0; i < DISK_FILES; i++)
		load(&files[i], &files[i].start);
}

void
disk_restore(void)
{
	int i;

	for (i = 0; i < DISK_FILES; i++)
		store(&files[i], &files[i].start);
}

size_t
disk_calls(void)
{
	return call_count;
}

size_t
disk_first_sync(int file)
{
	bool is_new = false;
	size_t i;

	for (i = 0; i < call_count; i++) {
		if (calls[i].file != file)
			continue;
		if (calls[i].kind == KIND_SYNC && is_new)
			return i + 1;
		is_new = is_new || calls[i].kind != KIND_SYNC;
	}
	return call_count + 1;
}

/* ---- crashes ------------------------------------------------------------ */

/* A signal ends a write between two pages, which begin where sectors do. */
static size_t
half(const struct call *call)
{
	size_t end = call->position + call->data.length / 2;

	end -= end % SECTOR;
	return end > call->position ? end - call->position : 0;
}

static void
kill_file(int file, size_t count, bool halves, struct bytes *content)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (calls[i].file == file)
			apply(content, &calls[i]);
	if (halves && count < call_count && calls[count].file == file &&
	    calls[count].kind == KIND_WRITE)
		write_part(content, &calls[count], 0, half(&calls[count]));
}

void
disk_kill(size_t count, bool halves)
{
	int file;

	for (file = 0; file < DISK_FILES; file++) {
		struct bytes content = { 0 };

		bytes_add(
		    &content, files[file].start.data, files[file].start.length);
		kill_file(file, count, halves, &content);
		store(&files[file], &content);
		bytes_free(&content);
	}
}

/* Some sectors of a write, by chance. */
static void
tear(struct bytes *content, const struct call *call, uint32_t *chance)
{
	size_t from = 0;

	while (from < call->data.length) {
		size_t to = from + SECTOR - (call->position + from) % SECTOR;

		if (to > call->data.length)
			to = call->data.length;
		if (pick(chance, 2) == 0)
			write_part(content, call, from, to);
		from = to;
	}
}

/* A file system clears the rest of the block behind a new end before it makes
 * the file shorter. */
static void
clear_block(struct bytes *content, size_t size, uint32_t *chance)
{
	size_t block = (size_t)SECTOR << pick(chance, 8);
	size_t end = (size + block - 1) / block * block;

	if (end > content->length)
		end = content->length;
	if (size < end)
		memset(content->data + size, '\0', end - size);
}

static void
maybe_apply(struct bytes *content, const struct call *call, uint32_t *chance)
{
	uint32_t luck = pick(chance, 3);

	if (luck == 0)
		apply(content, call);
	else if (luck == 1 && call->kind == KIND_WRITE)
		tear(content, call, chance);
	else if (luck == 1 && call->kind == KIND_TRUNCATE)
		clear_block(content, call->position, chance);
}

static size_t
last_sync(int file, size_t count)
{
	while (count > 0 &&
	    (calls[count - 1].file != file ||
		calls[count - 1].kind != KIND_SYNC))
		count--;
	return count;
}

void
disk_cut(size_t count, uint32_t *chance)
{
	int file;

	for (file = 0; file < DISK_FILES; file++) {
		size_t synced = last_sync(file, count);
		struct bytes content = { 0 };
		size_t i;

		bytes_add(
		    &content, files[file].start.data, files[file].start.length);
		for (i = 0; i < count; i++) {
			if (calls[i].file != file)
				continue;
			if (i < synced)
				apply(&content, &calls[i]);
			else
				maybe_apply(&content, &calls[i], chance);
		}
		store(&files[file], &content);
		bytes_free(&content);
	}
}
