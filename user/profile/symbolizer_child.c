// SPDX-License-Identifier: GPL-2.0-only
/* symbolizer_child.c - owns the loop of the symbolizer: packets in, frames and names out. */
#include "profile/symbolizer_child.h"

#include <errno.h>
#include <libelf.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "data/profile.h"
#include "profile/jitmap.h"
#include "profile/packet.h"
#include "profile/dwarf_lines.h"
#include "profile/symbolizer_wire.h"
#include "profile/symbols.h"
#include "profile/unwind.h"

enum { SPACES_MAX = VIGIE_TARGETS_MAX };

struct child {
	int fd;
	volatile __u32 *busy;
	int modules[SYMBOLIZER_MODULES_MAX]; /* descriptors, -1: none */
	struct symbols *symbols[SYMBOLIZER_MODULES_MAX];
	int debug[SYMBOLIZER_MODULES_MAX]; /* separate debug files: descriptors, -1: none */
	struct dwarf_lines *lines[SYMBOLIZER_MODULES_MAX];
	bool sourced[SYMBOLIZER_MODULES_MAX]; /* it was tried */
	bool jit[SYMBOLIZER_MODULES_MAX];
	struct unwinder *spaces[SPACES_MAX];
	bool pointers; /* frame pointers first */
	struct packet in;
	struct buf out;
};

static int answer_say(struct child *c, __u32 kind, __u32 a, __u32 b, const void *data, size_t len)
{
	const struct symbolizer_head head = { .kind = kind, .a = a, .b = b, .len = len };

	return packet_send(c->fd, &head, data, -1);
}

/* Another file takes this module's place. */
static void answer_forget(struct child *c, __u32 m)
{
	dwarf_lines__free(c->lines[m]);
	symbols__free(c->symbols[m]);
	c->lines[m] = NULL;
	c->symbols[m] = NULL;
	c->sourced[m] = false;
	if (c->debug[m] >= 0)
		close(c->debug[m]);
	if (c->modules[m] >= 0)
		close(c->modules[m]);
	c->debug[m] = c->modules[m] = -1;
}

static void take_module(struct child *c)
{
	__u32 m = c->in.head.a;

	if (m >= SYMBOLIZER_MODULES_MAX)
		return;
	answer_forget(c, m);
	c->modules[m] = c->in.fd;
	c->jit[m] = c->in.head.b;
	c->in.fd = -1;
}

static void take_space(struct child *c)
{
	__u32 space = c->in.head.a;
	size_t n = c->in.head.len / sizeof(struct symbolizer_map);

	if (space >= SPACES_MAX)
		return;
	unwinder__free(c->spaces[space]);
	c->spaces[space] = unwinder__new((const void *)c->in.data, n, c->modules,
					 SYMBOLIZER_MODULES_MAX, c->busy);
	if (c->pointers && c->spaces[space])
		unwinder__use_pointers(c->spaces[space]);
}

static int take_stack(struct child *c)
{
	struct symbolizer_frame frames[SYMBOLIZER_FRAMES_MAX];
	const struct vigie_stack *stack = (const void *)c->in.data;
	__u32 space = c->in.head.a, n = 0, incomplete = 1 + PROFILE_INCOMPLETE_UNMAPPED;
	bool pointers = false;

	if (space < SPACES_MAX && c->spaces[space] && c->in.head.len >= sizeof(*stack) &&
	    stack->user_bytes <= c->in.head.len - sizeof(*stack) &&
	    (!stack->alt_bytes ||
	     (stack->alt_bytes <= stack->main_at && stack->main_at <= stack->user_bytes)))
		n = unwinder__unwind(c->spaces[space], stack, c->in.data + sizeof(*stack), frames,
				     &incomplete, &pointers);
	return answer_say(c, SYMBOLIZER_FRAMES, c->in.head.b,
			  incomplete | (pointers ? SYMBOLIZER_POINTERS : 0), frames,
			  n * sizeof(*frames));
}

/* The separate debug file is the session's to find: it knows the target's root. */
static int ask_debug(struct child *c, __u32 m)
{
	char text[BUILD_ID_TEXT + DEBUG_LINK_TEXT];
	const char *id = symbols__build_id(c->symbols[m]);
	const char *link = symbols__debug_link(c->symbols[m]);
	size_t len = strlen(id) + 1;
	int err;

	memcpy(text, id, len);
	memcpy(text + len, link, strlen(link) + 1);
	err = answer_say(c, SYMBOLIZER_WANTS, m, 0, text, len + strlen(link) + 1);
	if (!err)
		err = packet_receive(c->fd, &c->in, true);
	if (err <= 0)
		return err ? err : -EPIPE;
	if (c->in.head.kind == SYMBOLIZER_DEBUG && c->in.fd >= 0) {
		/* libelf reads from it as long as we live; one of another build says nothing. */
		if (symbols__add_debug(c->symbols[m], c->in.fd) != -ESTALE)
			c->debug[m] = c->in.fd;
		c->in.fd = -1;
	}
	return 0;
}

static void add_name(struct child *c, __u64 address, const char *name)
{
	struct symbolizer_named named = { .address = address };

	buf_add(&c->out, &named, sizeof(named));
	buf_add(&c->out, name, strnlen(name, SYMBOLIZER_NAME_MAX - 1));
	buf_char(&c->out, '\0');
	buf_char(&c->out, '\0'); /* no file */
}

struct jit_names {
	struct child *child;
	const __u64 *addresses;
};

static void add_jit_name(void *ctx, size_t index, const char *name)
{
	struct jit_names *names = ctx;

	add_name(names->child, names->addresses[index], name);
}

static int add_names(struct child *c, __u32 m, const __u64 *addresses, size_t n)
{
	struct jit_names names = { c, addresses };
	char name[SYMBOLIZER_NAME_MAX];
	size_t i;

	if (c->jit[m] && c->modules[m] >= 0)
		return jitmap_names(c->modules[m], (const uint64_t *)addresses, n, add_jit_name,
				    &names);
	for (i = 0; i < n && c->symbols[m]; i++)
		if (symbols__name(c->symbols[m], addresses[i], name, sizeof(name)))
			add_name(c, addresses[i], name);
	return 0;
}

static int load_symbols(struct child *c, __u32 m)
{
	if (c->symbols[m] || c->modules[m] < 0 || c->jit[m])
		return 0;
	c->symbols[m] = symbols__new(c->modules[m]);
	return c->symbols[m] ? ask_debug(c, m) : 0;
}

static int take_name(struct child *c)
{
	__u64 wanted[SYMBOLIZER_NAMES_BATCH];
	__u32 m = c->in.head.a;
	size_t n = c->in.head.len / sizeof(*wanted);
	int err;

	if (m >= SYMBOLIZER_MODULES_MAX || n > SYMBOLIZER_NAMES_BATCH)
		return -EINVAL;
	memcpy(wanted, c->in.data, n * sizeof(*wanted));
	*c->busy = m;
	err = load_symbols(c, m);
	buf_clear(&c->out);
	if (!err)
		err = add_names(c, m, wanted, n);
	if (!err)
		err = answer_say(c, SYMBOLIZER_NAMED, m, n, c->out.data,
				 c->out.err ? 0 : c->out.len);
	*c->busy = 0;
	return err;
}

/* The separate file has the debug data where there is one; not always: it may be a second table. */
static struct dwarf_lines *lines_of(struct child *c, __u32 m)
{
	if (!c->sourced[m] && c->debug[m] >= 0)
		c->lines[m] = dwarf_lines__new(c->debug[m]);
	if (!c->sourced[m] && !c->lines[m] && c->modules[m] >= 0 && !c->jit[m])
		c->lines[m] = dwarf_lines__new(c->modules[m]);
	c->sourced[m] = true;
	return c->lines[m];
}

/* A text of the packet: a path, from the root where that can be told. */
static void add_path(struct child *c, const struct dwarf_line *line)
{
	char path[SYMBOLIZER_FILE_MAX];

	if (line->file[0] && line->file[0] != '/' && line->directory[0])
		snprintf(path, sizeof(path), "%s/%s", line->directory, line->file);
	else
		snprintf(path, sizeof(path), "%s", line->file);
	buf_add(&c->out, path, strlen(path) + 1);
}

static void add_lines(struct child *c, __u32 m, __u64 address)
{
	struct dwarf_line lines[SYMBOLIZER_LINES_MAX];
	char function[SYMBOLIZER_NAME_MAX];
	unsigned int n = dwarf_lines__find(c->lines[m], address, lines, SYMBOLIZER_LINES_MAX), i;

	for (i = 0; i < n; i++) {
		struct symbolizer_named named = { .address = address,
						  .line = lines[i].line,
						  .begin = lines[i].begin,
						  .rest = n - 1 - i };

		function[0] = '\0';
		if (lines[i].function)
			symbols_demangle(lines[i].function, function, sizeof(function));
		buf_add(&c->out, &named, sizeof(named));
		buf_add(&c->out, function, strlen(function) + 1);
		add_path(c, &lines[i]);
	}
}

/* As many as the time allows, and the packet holds. */
static int take_line(struct child *c)
{
	__u64 wanted[SYMBOLIZER_NAMES_BATCH], end = clock_monotonic_ms() + c->in.head.b;
	__u32 m = c->in.head.a;
	size_t n = c->in.head.len / sizeof(*wanted), i = 0, whole = 0;
	int err;

	if (m >= SYMBOLIZER_MODULES_MAX || n > SYMBOLIZER_NAMES_BATCH)
		return -EINVAL;
	memcpy(wanted, c->in.data, n * sizeof(*wanted));
	*c->busy = m;
	err = load_symbols(c, m); /* it asks for the separate debug file, too */
	buf_clear(&c->out);
	if (!err && !lines_of(c, m))
		i = n;
	for (; !err && i < n && clock_monotonic_ms() < end && !c->out.err; i++) {
		whole = c->out.len;
		add_lines(c, m, wanted[i]);
	}
	if (c->out.err)
		i--;
	if (!err)
		err = answer_say(c, SYMBOLIZER_NAMED, m, i, c->out.data,
				 c->out.err ? whole : c->out.len);
	*c->busy = 0;
	return err;
}

/* What is no ELF file has neither a build id nor a use. */
static int take_identify(struct child *c)
{
	__u32 m = c->in.head.a;
	char id[BUILD_ID_TEXT] = "";
	unsigned int what = 0;

	if (m >= SYMBOLIZER_MODULES_MAX)
		return -EINVAL;
	*c->busy = m;
	if (c->modules[m] >= 0)
		symbols_identify(c->modules[m], id, &what);
	*c->busy = 0;
	return answer_say(c, SYMBOLIZER_IDENTITY, m, what, id, strlen(id) + 1);
}

static int answer_serve(struct child *c)
{
	int n = packet_receive(c->fd, &c->in, true);

	if (n <= 0)
		return n ? n : -EPIPE;
	switch (c->in.head.kind) {
	case SYMBOLIZER_MODULE: take_module(c); return 0;
	case SYMBOLIZER_SPACE: take_space(c); return 0;
	case SYMBOLIZER_STACK: return take_stack(c);
	case SYMBOLIZER_NAME: return take_name(c);
	case SYMBOLIZER_LINE: return take_line(c);
	case SYMBOLIZER_IDENTIFY: return take_identify(c);
	default: return 0;
	}
}

int symbolizer_child(int fd, volatile __u32 *busy, bool pointers)
{
	struct child *c = calloc(1, sizeof(*c));
	__u32 i;

	if (!c || packet_init(&c->in))
		return EXIT_FAILURE;
	c->fd = fd;
	c->busy = busy;
	c->pointers = pointers;
	for (i = 0; i < SYMBOLIZER_MODULES_MAX; i++)
		c->modules[i] = c->debug[i] = -1;
	buf_init(&c->out, SYMBOLIZER_PACKET_MAX - sizeof(struct symbolizer_head));
	elf_version(EV_CURRENT);
	while (!answer_serve(c))
		;
	/* The process ends with us, and with it whatever a foreign file made it allocate. */
	return EXIT_SUCCESS;
}
