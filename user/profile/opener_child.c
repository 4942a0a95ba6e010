// SPDX-License-Identifier: GPL-2.0-only
/*
 * opener_child.c - owns the opening of targets' files, their descriptors, and a look at mappings.
 *
 * Answers before it closes what is on a file system of somebody else: close() may hang as well.
 */
#include "profile/opener_child.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "profile/opener_wire.h"
#include "profile/packet.h"

enum { VDSO_MAX = 64 << 10, JITMAP_BYTES_MAX = 64 << 20 };

struct file {
	int fd; /* -1: none */
	bool jit;
	bool hung; /* the symbolizer never came back from it */
	__u64 dev;
};

struct child {
	int fd;
	int symbolizer;
	int host; /* our own root */
	struct file files[SYMBOLIZER_MODULES_MAX];
	__u32 nfiles;
	int roots[VIGIE_TARGETS_MAX]; /* of the targets' roots; -1: none */
	struct packet in;
};

static int regular_or_close(int fd)
{
	struct stat st;

	if (fd >= 0 && (fstat(fd, &st) || !S_ISREG(st.st_mode))) {
		close(fd);
		return -1;
	}
	return fd;
}

static int open_in_root(int root, const char *path)
{
	const struct open_how how = {
		.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};

	return root < 0 ? -1
			: regular_or_close(syscall(SYS_openat2, root, path, &how, sizeof(how)));
}

/* map_files reaches the very file, deleted or replaced; a path only what has its name now. */
static int open_mapped(int root, const struct opener_file *f, const char *name)
{
	char path[96];
	struct stat st;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/map_files/%llx-%llx", f->pid,
		 (unsigned long long)f->start, (unsigned long long)f->end);
	fd = regular_or_close(open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
	if (fd >= 0)
		return fd;
	fd = open_in_root(root, name);
	if (fd >= 0 && (fstat(fd, &st) || st.st_ino != f->inode)) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Ours is everybody's: one kernel, one image. */
static int vdso_copy(void)
{
	const char *image = (const char *)getauxval(AT_SYSINFO_EHDR);
	int fd = image ? memfd_create("vdso", MFD_CLOEXEC) : -1;
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned long long start, end;
	char line[256];

	while (fd >= 0 && maps && fgets(line, sizeof(line), maps))
		if (sscanf(line, "%llx-%llx", &start, &end) == 2 &&
		    start == (unsigned long long)image && end - start <= VDSO_MAX &&
		    write(fd, image, end - start) < 0)
			break;
	if (maps)
		fclose(maps);
	return fd;
}

/* As whom the process knows itself: the innermost of its PID namespaces. */
static int own_pid(pid_t pid)
{
	char path[64], line[256];
	int ret = pid, last;
	FILE *status;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	status = fopen(path, "re");
	while (status && fgets(line, sizeof(line), status))
		if (!strncmp(line, "NSpid:", 6) && strrchr(line, '\t') &&
		    sscanf(strrchr(line, '\t'), "%d", &last) == 1)
			ret = last;
	if (status)
		fclose(status);
	return ret;
}

/* A runtime's perf map: only one that the target itself, or root, wrote is believed. */
static int open_jitmap(int root, pid_t pid)
{
	char path[96];
	struct stat st, owner;
	int fd;

	snprintf(path, sizeof(path), "/tmp/perf-%d.map", own_pid(pid));
	fd = open_in_root(root, path);
	snprintf(path, sizeof(path), "/proc/%d", pid);
	if (fd >= 0 && (stat(path, &owner) || fstat(fd, &st) || st.st_size > JITMAP_BYTES_MAX ||
			(st.st_uid != owner.st_uid && st.st_uid != 0))) {
		close(fd);
		return -1;
	}
	return fd;
}

/* --- Separate debug files. ----------------------------------------------------------------- */

static bool is_hex(const char *text)
{
	size_t i;

	for (i = 0; text[i]; i++)
		if (!isxdigit((unsigned char)text[i]))
			return false;
	return i >= 8;
}

/* In the target's root, then in ours: a container has its own, or none. */
static int open_either(const struct child *c, int root, const char *path)
{
	int fd = open_in_root(root, path);

	return fd >= 0 ? fd : open_in_root(c->host, path);
}

static int open_debug(const struct child *c, int root, const char *module, const char *build_id,
		      const char *link)
{
	static const struct {
		const char *above, *below; /* of the module's directory */
	} places[] = { { "", "" }, { "", "/.debug" }, { "/usr/lib/debug", "" } };
	char path[OPENER_PATH_MAX + 512];
	const char *slash = strrchr(module, '/');
	int len = slash ? slash - module : 0, fd = -1;
	size_t i;

	if (is_hex(build_id)) {
		snprintf(path, sizeof(path), "/usr/lib/debug/.build-id/%.2s/%s.debug", build_id,
			 build_id + 2);
		fd = open_either(c, root, path);
	}
	if (!link[0] || strchr(link, '/') || !slash)
		return fd;
	for (i = 0; i < sizeof(places) / sizeof(places[0]) && fd < 0; i++) {
		snprintf(path, sizeof(path), "%s%.*s%s/%s", places[i].above, len, module,
			 places[i].below, link);
		fd = open_either(c, root, path);
	}
	return fd;
}

/* --- Requests. ----------------------------------------------------------------------------- */

static int done_with(struct child *c, int err, int fd)
{
	const struct symbolizer_head head = { .kind = OPENER_DONE, .a = -err };

	return packet_send(c->fd, &head, NULL, fd);
}

static int done(struct child *c, int err)
{
	return done_with(c, err, -1);
}

static int opener_tell(struct child *c, __u32 module)
{
	const struct symbolizer_head head = { .kind = SYMBOLIZER_MODULE,
					      .a = module,
					      .b = c->files[module].jit };

	return packet_send(c->symbolizer, &head, NULL, c->files[module].fd);
}

static int root_of(const struct child *c, __u32 space)
{
	return space < VIGIE_TARGETS_MAX ? c->roots[space] : -1;
}

/*
 * A symbolizer that hung at two files of a device would hang at all of them. What is dropped stays open:
 * nothing is won by waiting for it once more.
 */
static void opener_drop(struct child *c, __u32 guilty, bool hung)
{
	struct file *f = &c->files[guilty];
	bool again = false;
	__u32 i;

	for (i = 1; i < c->nfiles; i++)
		again |= hung && c->files[i].hung && c->files[i].dev == f->dev;
	for (i = 1; i < c->nfiles; i++)
		if (i == guilty || (again && c->files[i].dev == f->dev))
			c->files[i].fd = -1;
	f->hung = hung;
}

static int take_symbolizer(struct child *c)
{
	__u32 guilty = c->in.head.a, i;
	int err = 0;

	if (c->symbolizer >= 0)
		close(c->symbolizer);
	c->symbolizer = c->in.fd;
	c->in.fd = -1;
	if (guilty && guilty < c->nfiles)
		opener_drop(c, guilty, c->in.head.b);
	for (i = 1; i < c->nfiles && !err; i++)
		err = opener_tell(c, i);
	return done(c, err);
}

static int take_root(struct child *c)
{
	__u32 space = c->in.head.a;
	char path[64];

	if (space >= VIGIE_TARGETS_MAX)
		return done(c, -EINVAL);
	snprintf(path, sizeof(path), "/proc/%d/root", (int)c->in.head.b);
	c->roots[space] = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return done(c, c->roots[space] < 0 ? -errno : 0);
}

static int take_file(struct child *c)
{
	struct opener_file f;
	const char *path = (const char *)c->in.data + sizeof(f);
	struct file *file;
	int fd;

	memcpy(&f, c->in.data, sizeof(f));
	if (!f.module || f.module >= SYMBOLIZER_MODULES_MAX)
		return done(c, -EINVAL);
	if (f.jit)
		fd = open_jitmap(root_of(c, f.space), f.pid);
	else if (!strcmp(path, "[vdso]"))
		fd = vdso_copy();
	else
		fd = path[0] == '/' ? open_mapped(root_of(c, f.space), &f, path) : -1;
	file = &c->files[f.module];
	*file = (struct file){ .fd = fd, .jit = f.jit, .dev = f.dev };
	for (; c->nfiles <= f.module; c->nfiles++)
		if (c->nfiles < f.module)
			c->files[c->nfiles].fd = -1;
	if (!f.again)
		opener_tell(c, f.module);
	return done(c, fd < 0 ? -ENOENT : 0);
}

static int take_debug(struct child *c)
{
	const struct symbolizer_head head = { .kind = SYMBOLIZER_DEBUG, .a = c->in.head.a };
	const char *path = (const char *)c->in.data;
	const char *build_id = path + strlen(path) + 1, *link = build_id + strlen(build_id) + 1;
	int fd = open_debug(c, root_of(c, c->in.head.b), path, build_id, link);
	int err = packet_send(c->symbolizer, &head, NULL, fd);

	err = done(c, err);
	if (fd >= 0)
		close(fd);
	return err;
}

static int copy_all(int from, int to)
{
	char text[16 << 10];
	ssize_t n;

	while ((n = read(from, text, sizeof(text))) > 0)
		if (write(to, text, n) != n)
			return -EIO;
	return n < 0 || lseek(to, 0, SEEK_SET) < 0 ? -errno : 0;
}

/* A copy: reading the file itself is what may hang. */
static int take_maps(struct child *c)
{
	int copy = memfd_create("maps", MFD_CLOEXEC), maps, err;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)c->in.head.a);
	maps = copy < 0 ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	err = maps < 0 ? -errno : copy_all(maps, copy);
	err = done_with(c, err, err ? -1 : copy);
	if (maps >= 0)
		close(maps);
	if (copy >= 0)
		close(copy);
	return err;
}

static int opener_serve(struct child *c)
{
	int n = packet_receive(c->fd, &c->in, true);

	if (n <= 0)
		return n ? n : -EPIPE;
	switch (c->in.head.kind) {
	case OPENER_SYMBOLIZER: return take_symbolizer(c);
	case OPENER_ROOT: return take_root(c);
	case OPENER_FILE: return take_file(c);
	case OPENER_DEBUG: return take_debug(c);
	case OPENER_MAPS: return take_maps(c);
	default: return -EBADMSG;
	}
}

int opener_child(int fd)
{
	struct child *c = calloc(1, sizeof(*c));
	size_t i;

	if (!c || packet_init(&c->in))
		return EXIT_FAILURE;
	c->fd = fd;
	c->symbolizer = -1;
	c->host = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	c->nfiles = 1;
	for (i = 0; i < VIGIE_TARGETS_MAX; i++)
		c->roots[i] = -1;
	while (!opener_serve(c))
		;
	return EXIT_SUCCESS;
}
