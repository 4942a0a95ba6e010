// SPDX-License-Identifier: GPL-2.0-only
/* space.c - owns the table of modules and the opening of their files. */
#include "profile/space.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 4608, VDSO_MAX = 64 << 10, JITMAP_BYTES_MAX = 64 << 20 };

/* One line of /proc/PID/maps. */
struct mapping {
	__u64 start, end, offset, dev, inode;
	bool executable;
	const char *path;
};

int spaces_init(struct spaces *s, struct foreign *reader)
{
	memset(s, 0, sizeof(*s));
	s->reader = reader;
	s->modules = calloc(FOREIGN_MODULES_MAX, sizeof(*s->modules));
	s->spaces = calloc(VIGIE_TARGETS_MAX, sizeof(*s->spaces));
	s->nmodules = 1;
	return s->modules && s->spaces ? 0 : -ENOMEM;
}

void spaces_done(struct spaces *s)
{
	__u32 i;

	for (i = 0; i < s->nspaces; i++)
		if (s->spaces[i].root >= 0)
			close(s->spaces[i].root);
	free(s->modules);
	free(s->spaces);
}

int spaces_get(struct spaces *s, pid_t pid, __u32 *ret)
{
	char path[64];
	__u32 i;

	for (i = 0; i < s->nspaces; i++) {
		if (s->spaces[i].pid == pid) {
			*ret = i;
			return 0;
		}
	}
	if (s->nspaces == VIGIE_TARGETS_MAX)
		return -E2BIG;
	snprintf(path, sizeof(path), "/proc/%d/root", pid);
	s->spaces[s->nspaces] =
		(struct space){ .pid = pid, .root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC) };
	*ret = s->nspaces++;
	return 0;
}

/* Numbers and a path; the path may hold anything but a newline. */
static bool parse_line(char *line, struct mapping *m)
{
	unsigned int major, minor;
	unsigned long long start, end, offset, inode;
	char perms[5];
	int at = 0;

	if (sscanf(line, "%llx-%llx %4s %llx %x:%x %llu %n", &start, &end, perms, &offset, &major,
		   &minor, &inode, &at) < 7)
		return false;
	line[strcspn(line, "\n")] = '\0';
	*m = (struct mapping){ .start = start,
			       .end = end,
			       .offset = offset,
			       .dev = makedev(major, minor),
			       .inode = inode,
			       .executable = perms[2] == 'x',
			       .path = line + at };
	return true;
}

/* Whether the mount with this device is FUSE: such a file's owner may let us wait for ever. */
static bool on_fuse(pid_t pid, __u64 dev)
{
	char path[64], line[LINE_MAX_BYTES], *type;
	unsigned int major, minor;
	bool fuse = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/mountinfo", pid);
	file = fopen(path, "re");
	while (file && !fuse && fgets(line, sizeof(line), file)) {
		type = strstr(line, " - ");
		fuse = sscanf(line, "%*d %*d %u:%u", &major, &minor) == 2 &&
		       makedev(major, minor) == dev && type && !strncmp(type + 3, "fuse", 4);
	}
	if (file)
		fclose(file);
	return fuse;
}

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

	return regular_or_close(syscall(SYS_openat2, root, path, &how, sizeof(how)));
}

/* map_files reaches the very file, deleted or replaced; a path only what has its name now. */
static int open_mapped(const struct space *space, const struct mapping *m)
{
	char path[96];
	struct stat st;
	int fd;

	if (on_fuse(space->pid, m->dev))
		return -1;
	snprintf(path, sizeof(path), "/proc/%d/map_files/%llx-%llx", space->pid,
		 (unsigned long long)m->start, (unsigned long long)m->end);
	fd = regular_or_close(open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
	if (fd >= 0 || space->root < 0)
		return fd;
	fd = open_in_root(space->root, m->path);
	if (fd >= 0 && (fstat(fd, &st) || st.st_ino != m->inode)) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Ours is everybody's: one kernel, one image. */
static int vdso_copy(void)
{
	const void *image = (const void *)getauxval(AT_SYSINFO_EHDR);
	int fd = image ? memfd_create("vdso", MFD_CLOEXEC) : -1;
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[LINE_MAX_BYTES];
	struct mapping m;

	while (fd >= 0 && maps && fgets(line, sizeof(line), maps))
		if (parse_line(line, &m) && m.start == (__u64)image &&
		    m.end - m.start <= VDSO_MAX && write(fd, image, m.end - m.start) < 0)
			break;
	if (maps)
		fclose(maps);
	return fd;
}

/* A runtime's perf map: only one that the target itself, or root, wrote is believed. */
static int open_jitmap(const struct space *space)
{
	char path[96], line[256];
	struct stat st, owner;
	int fd, ns_pid = space->pid, last;
	FILE *status;

	snprintf(path, sizeof(path), "/proc/%d/status", space->pid);
	status = fopen(path, "re");
	while (status && fgets(line, sizeof(line), status))
		if (!strncmp(line, "NSpid:", 6) && strrchr(line, '\t') &&
		    sscanf(strrchr(line, '\t'), "%d", &last) == 1)
			ns_pid = last;
	if (status)
		fclose(status);
	if (space->root < 0)
		return -1;
	snprintf(path, sizeof(path), "/tmp/perf-%d.map", ns_pid);
	fd = open_in_root(space->root, path);
	snprintf(path, sizeof(path), "/proc/%d", space->pid);
	if (fd >= 0 && (stat(path, &owner) || fstat(fd, &st) || st.st_size > JITMAP_BYTES_MAX ||
			(st.st_uid != owner.st_uid && st.st_uid != 0))) {
		close(fd);
		return -1;
	}
	return fd;
}

static int module_fd(const struct space *space, const struct mapping *m, bool jit)
{
	if (jit)
		return open_jitmap(space);
	if (!strcmp(m->path, "[vdso]"))
		return vdso_copy();
	return m->path[0] == '/' ? open_mapped(space, m) : -1;
}

static __u32 module_find(const struct spaces *s, const struct space *space, const struct mapping *m,
			 bool jit)
{
	__u32 i;

	for (i = 1; i < s->nmodules; i++) {
		const struct module *known = &s->modules[i];

		if (known->jit != jit)
			continue;
		if (jit ? known->pid == space->pid
			: known->dev == m->dev && known->inode == m->inode &&
				    !strcmp(known->path, m->path))
			return i;
	}
	return 0;
}

/* 0: the table is full. */
static __u32 module_get(struct spaces *s, const struct space *space, const struct mapping *m)
{
	bool jit = m->path[0] != '/' && strcmp(m->path, "[vdso]") != 0;
	__u32 i = module_find(s, space, m, jit);
	struct module *fresh;
	int fd;

	if ((i && s->modules[i].open) || (!i && s->nmodules == FOREIGN_MODULES_MAX))
		return i;
	if (!i)
		i = s->nmodules++;
	fresh = &s->modules[i];
	fd = module_fd(space, m, jit);
	*fresh = (struct module){ .dev = m->dev,
				  .inode = m->inode,
				  .pid = space->pid,
				  .jit = jit,
				  .open = fd >= 0,
				  .start = m->start,
				  .end = m->end,
				  .offset = m->offset,
				  .root = space->root };
	snprintf(fresh->path, sizeof(fresh->path), "%s", jit ? "[generated code]" : m->path);
	foreign__module(s->reader, i, fd, jit);
	if (fd >= 0)
		close(fd);
	return i;
}

static bool wanted(const struct mapping *m)
{
	return m->executable && strcmp(m->path, "[vsyscall]") != 0;
}

static int tell(struct spaces *s, __u32 index, const struct mapping *m, struct foreign_map *maps,
		size_t *n)
{
	__u32 module;

	if (*n == FOREIGN_MAPS_MAX)
		return 0;
	module = module_get(s, &s->spaces[index], m);
	maps[(*n)++] = (struct foreign_map){ .start = m->start,
					     .end = m->end,
					     .offset = m->offset,
					     .module = module,
					     .file = module && !s->modules[module].jit };
	return 0;
}

int spaces_refresh(struct spaces *s, __u32 index, __u64 now_ns)
{
	struct space *space = &s->spaces[index];
	struct foreign_map *maps = calloc(FOREIGN_MAPS_MAX, sizeof(*maps));
	char path[64], line[LINE_MAX_BYTES];
	struct mapping m;
	__u64 sum = 1;
	size_t n = 0;
	FILE *file;
	int err = 0;

	space->read_ns = now_ns;
	snprintf(path, sizeof(path), "/proc/%d/maps", space->pid);
	file = fopen(path, "re");
	if (!maps || !file) {
		err = maps ? -errno : -ENOMEM;
	} else {
		while (fgets(line, sizeof(line), file)) {
			if (!parse_line(line, &m) || !wanted(&m))
				continue;
			sum = hash_bytes(line, strlen(line), sum) ^ m.start ^ m.end << 1 ^
			      m.inode << 2;
			tell(s, index, &m, maps, &n);
		}
		/* A target that is dying has no mappings left: what was known stays. */
		if (!n)
			err = -ESRCH;
	}
	if (file)
		fclose(file);
	if (!err && sum != space->sum) {
		space->sum = sum;
		err = foreign__space(s->reader, index, maps, n);
	}
	free(maps);
	return err;
}

static bool is_hex(const char *text)
{
	size_t i;

	for (i = 0; text[i]; i++)
		if (!isxdigit((unsigned char)text[i]))
			return false;
	return i >= 8;
}

/* In the target's root, then in ours: a container has its own, or none. */
static int open_either(const struct module *m, const char *path)
{
	static int host = -1;
	int fd = m->root >= 0 ? open_in_root(m->root, path) : -1;

	if (fd >= 0)
		return fd;
	if (host < 0)
		host = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return host >= 0 ? open_in_root(host, path) : -1;
}

int spaces_open_debug(struct spaces *s, __u32 module, const char *build_id, const char *link)
{
	const struct module *m = &s->modules[module];
	char path[MODULE_PATH_MAX + 512];
	const char *slash = strrchr(m->path, '/');
	int len = slash ? slash - m->path : 0, fd = -1;

	if (is_hex(build_id)) {
		snprintf(path, sizeof(path), "/usr/lib/debug/.build-id/%.2s/%s.debug", build_id,
			 build_id + 2);
		fd = open_either(m, path);
	}
	if (fd >= 0 || !link[0] || strchr(link, '/') || !slash)
		return fd;
	snprintf(path, sizeof(path), "%.*s/%s", len, m->path, link);
	fd = open_either(m, path);
	if (fd < 0) {
		snprintf(path, sizeof(path), "%.*s/.debug/%s", len, m->path, link);
		fd = open_either(m, path);
	}
	if (fd < 0) {
		snprintf(path, sizeof(path), "/usr/lib/debug%.*s/%s", len, m->path, link);
		fd = open_either(m, path);
	}
	return fd;
}
