// SPDX-License-Identifier: GPL-2.0-only
/* symbolizer.c - owns the life of the symbolizer's process and what it must be told again. */
#include "profile/symbolizer.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/units.h"
#include "data/profile.h"
#include "profile/helper.h"
#include "profile/opener.h"
#include "profile/symbolizer_child.h"
#include "sandbox/process.h"

#define WAIT_NS (5000 * NS_PER_MS) /* for all answers together */
#define ANSWER_NS (2000 * NS_PER_MS) /* of one question: a symbolizer that takes longer hangs */

enum {
	DUE_MAX = 64, /* stacks on their way: their answers always find room in the socket */
	LATE_MS =
		200, /* a symbolizer that was told how long it may take, and takes so much longer, too */
	RESTARTS_MAX = 8,
};

struct told_space {
	struct symbolizer_map *maps;
	size_t n;
};

struct symbolizer {
	struct symbolizer_config config;
	struct helper child; /* none: none will be started again */
	volatile __u32 *busy; /* shared: the module that it reads */
	int modules[SYMBOLIZER_MODULES_MAX]; /* descriptors, -1: none */
	bool jit[SYMBOLIZER_MODULES_MAX];
	__u32 nmodules;
	struct told_space spaces[VIGIE_TARGETS_MAX];
	__u32 due[DUE_MAX]; /* numbers, in the order of the answers */
	unsigned int ndue, restarts;
	__u64 pointers; /* stacks with frames that frame pointers led to */
	__u64 patience_ns; /* left of config's */
	__u64 room_ns; /* until when room for stacks is waited for, by the outermost of its callers */
	unsigned int room_callers;
	struct packet in;
};

static __u64 shorter(__u64 a, __u64 b)
{
	return a < b ? a : b;
}

/* What a foreign file may make it use; its user and its system calls are confine()'s. */
static void limit_resources(void)
{
	static const struct {
		int what;
		rlim_t most;
	} limits[] = { { RLIMIT_AS, 1ULL << 30 },
		       { RLIMIT_CPU, 60 },
		       { RLIMIT_CORE, 0 },
		       { RLIMIT_FSIZE, 0 } };
	size_t i;

	for (i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		struct rlimit l = { limits[i].most, limits[i].most };

		setrlimit(limits[i].what, &l);
	}
}

static void run_child(void *ctx, int fd)
{
	struct symbolizer *symbolizer = ctx;
	int null;

	signal(SIGINT, SIG_IGN); /* Ctrl-C is the session's: we are still needed */
	/* No program, map or event of the session, no file of the target's. */
	process_close_all_but(&fd, 1);
	null = helper_null();
	limit_resources();
	helper_many_files();
	if (symbolizer->config.confine && symbolizer->config.confine())
		_exit(EXIT_FAILURE);
	helper_quiet(null);
	_exit(symbolizer_child(fd, symbolizer->busy, symbolizer->config.pointers));
}

/* guilty: see symbolizer_restart(). */
static int symbolizer_start(struct symbolizer *symbolizer, __u32 guilty, bool hung)
{
	int pair[2], err = packet_pair(pair);

	if (err)
		return err;
	*symbolizer->busy = 0;
	err = helper_start(&symbolizer->child, pair, run_child, symbolizer);
	if (!err && symbolizer->config.opener)
		err = opener__symbolizer(symbolizer->config.opener, symbolizer->child.fd, guilty,
					 hung);
	return err;
}

static int tell_module(struct symbolizer *symbolizer, __u32 m)
{
	const struct symbolizer_head head = { .kind = SYMBOLIZER_MODULE,
					      .a = m,
					      .b = symbolizer->jit[m] };

	return packet_send(symbolizer->child.fd, &head, NULL, symbolizer->modules[m]);
}

static int tell_space(struct symbolizer *symbolizer, __u32 space)
{
	const struct told_space *told = &symbolizer->spaces[space];
	const struct symbolizer_head head = { .kind = SYMBOLIZER_SPACE,
					      .a = space,
					      .len = told->n * sizeof(*told->maps) };

	return packet_send(symbolizer->child.fd, &head, told->maps, -1);
}

/* What it must know, again. 0 or -errno; no longer than there is patience. */
static int tell_all(struct symbolizer *symbolizer)
{
	const __u64 until = clock_monotonic_ns() + symbolizer->patience_ns;
	int err = 0;
	__u32 i;

	for (i = 1; i < symbolizer->nmodules && !err; i++)
		err = clock_monotonic_ns() < until ? tell_module(symbolizer, i) : -ETIMEDOUT;
	for (i = 0; i < VIGIE_TARGETS_MAX && !err; i++)
		if (symbolizer->spaces[i].maps)
			err = clock_monotonic_ns() < until ? tell_space(symbolizer, i) : -ETIMEDOUT;
	return err;
}

/* It died, or hangs: another one, that never sees the file at which that happened. */
static void symbolizer_restart(struct symbolizer *symbolizer, bool hung)
{
	__u32 guilty = *symbolizer->busy;
	__u64 began;
	int err;

	helper_stop(&symbolizer->child);
	symbolizer->restarts++;
	if (guilty && guilty < symbolizer->nmodules && symbolizer->modules[guilty] >= 0) {
		close(symbolizer->modules[guilty]);
		symbolizer->modules[guilty] = -1;
	}
	if (symbolizer->restarts > RESTARTS_MAX || !symbolizer->patience_ns)
		return;
	began = clock_monotonic_ns();
	err = symbolizer_start(symbolizer, guilty, hung);
	if (!err)
		err = tell_all(symbolizer);
	patience_spend(&symbolizer->patience_ns, began);
	if (err)
		helper_stop(&symbolizer->child);
}

/* Of something that it was told since then: who does not take it, or always late, hangs. */
static int symbolizer_told(struct symbolizer *symbolizer, __u64 since, int err)
{
	patience_spend(&symbolizer->patience_ns, since);
	if (err != -EAGAIN && symbolizer->patience_ns)
		return err;
	if (symbolizer->ndue)
		helper_stop(
			&symbolizer->child); /* whose answers are due learns it when he waits for them */
	else
		symbolizer_restart(symbolizer, true);
	return -ETIMEDOUT;
}

/* The stacks that it took to its grave. */
static void forfeit(struct symbolizer *symbolizer, bool hung, symbolizer_frames_fn fn, void *ctx)
{
	unsigned int i, n = symbolizer->ndue;

	symbolizer->ndue = 0;
	symbolizer_restart(symbolizer, hung);
	for (i = 0; i < n; i++)
		fn(ctx, symbolizer->due[i], NULL, 0, 1 + PROFILE_INCOMPLETE_READER);
}

int symbolizer__start(const struct symbolizer_config *config, struct symbolizer **ret)
{
	struct symbolizer *symbolizer = calloc(1, sizeof(*symbolizer));
	int err, i;

	if (!symbolizer)
		return -ENOMEM;
	symbolizer->config = *config;
	symbolizer->patience_ns = config->patience_ms * NS_PER_MS;
	symbolizer->nmodules = 1;
	symbolizer->child.fd = -1;
	for (i = 0; i < SYMBOLIZER_MODULES_MAX; i++)
		symbolizer->modules[i] = -1;
	symbolizer->busy = mmap(NULL, sizeof(*symbolizer->busy), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	err = symbolizer->busy == MAP_FAILED ? -errno : packet_init(&symbolizer->in);
	if (!err)
		err = symbolizer_start(symbolizer, 0, false);
	if (err) {
		symbolizer__free(symbolizer);
		return err;
	}
	*ret = symbolizer;
	return 0;
}

void symbolizer__free(struct symbolizer *symbolizer)
{
	int i;

	if (!symbolizer)
		return;
	helper_stop(&symbolizer->child);
	for (i = 0; i < SYMBOLIZER_MODULES_MAX; i++)
		if (symbolizer->modules[i] >= 0)
			close(symbolizer->modules[i]);
	for (i = 0; i < VIGIE_TARGETS_MAX; i++)
		free(symbolizer->spaces[i].maps);
	if (symbolizer->busy != MAP_FAILED)
		munmap((void *)symbolizer->busy, sizeof(*symbolizer->busy));
	packet_done(&symbolizer->in);
	free(symbolizer);
}

int symbolizer__module(struct symbolizer *symbolizer, __u32 module, int fd, bool jit)
{
	const __u64 began = clock_monotonic_ns();

	if (module >= SYMBOLIZER_MODULES_MAX)
		return -E2BIG;
	if (symbolizer->modules[module] >= 0)
		close(symbolizer->modules[module]);
	symbolizer->modules[module] = fd < 0 ? -1 : dup(fd);
	symbolizer->jit[module] = jit;
	if (module >= symbolizer->nmodules)
		symbolizer->nmodules = module + 1;
	return symbolizer->child.pid
		       ? symbolizer_told(symbolizer, began, tell_module(symbolizer, module))
		       : -EPIPE;
}

int symbolizer__space(struct symbolizer *symbolizer, __u32 space, const struct symbolizer_map *maps,
		      size_t n)
{
	struct told_space *told = &symbolizer->spaces[space];
	struct symbolizer_map *copy = malloc((n ? n : 1) * sizeof(*copy));
	const __u64 began = clock_monotonic_ns();

	if (space >= VIGIE_TARGETS_MAX || !copy) {
		free(copy);
		return space >= VIGIE_TARGETS_MAX ? -E2BIG : -ENOMEM;
	}
	memcpy(copy, maps, n * sizeof(*maps));
	free(told->maps);
	told->maps = copy;
	told->n = n;
	return symbolizer->child.pid
		       ? symbolizer_told(symbolizer, began, tell_space(symbolizer, space))
		       : -EPIPE;
}

/* 1: a packet; 0: none in time; -EPIPE: it is gone; -errno. */
static int answer(struct symbolizer *symbolizer, __u64 until)
{
	return symbolizer->child.pid ? helper_answer(symbolizer->child.fd, &symbolizer->in, until)
				     : -EPIPE;
}

/* In order: the answer is to the first that is due. */
static bool take_frames(struct symbolizer *symbolizer, symbolizer_frames_fn fn, void *ctx)
{
	const struct symbolizer_head *head = &symbolizer->in.head;
	__u32 n = head->len / sizeof(struct symbolizer_frame), number;
	__u32 incomplete = head->b & ~SYMBOLIZER_POINTERS;

	if (head->kind != SYMBOLIZER_FRAMES || !symbolizer->ndue || head->a != symbolizer->due[0] ||
	    n > SYMBOLIZER_FRAMES_MAX || incomplete > PROFILE_INCOMPLETES)
		return false;
	number = symbolizer->due[0];
	memmove(symbolizer->due, symbolizer->due + 1,
		--symbolizer->ndue * sizeof(symbolizer->due[0]));
	symbolizer->pointers += !!(head->b & SYMBOLIZER_POINTERS);
	fn(ctx, number, (const void *)symbolizer->in.data, n, incomplete);
	return true;
}

void symbolizer__poll(struct symbolizer *symbolizer, bool wait, symbolizer_frames_fn fn, void *ctx)
{
	const __u64 until = clock_monotonic_ns() + WAIT_NS;
	__u64 now;
	int n;

	while (symbolizer->ndue) {
		now = clock_monotonic_ns();
		n = answer(symbolizer, wait ? shorter(until, now + ANSWER_NS) : 0);
		if (n == 0 && !wait)
			return;
		if (n <= 0 || clock_monotonic_ns() > until || !take_frames(symbolizer, fn, ctx)) {
			forfeit(symbolizer, n == 0, fn, ctx);
			return;
		}
	}
}

static bool writable(int socket)
{
	struct pollfd room = { .fd = socket, .events = POLLOUT };

	return poll(&room, 1, 0) == 1;
}

/*
 * It may be waiting itself, for somebody to take its answers. An answer may lead to another stack,
 * and so back to here: all of that has the time of one.
 */
static void make_room(struct symbolizer *symbolizer, symbolizer_frames_fn fn, void *ctx)
{
	int n;

	if (!symbolizer->room_callers++)
		symbolizer->room_ns = clock_monotonic_ns() + ANSWER_NS;
	while (symbolizer->ndue == DUE_MAX ||
	       (symbolizer->ndue && !writable(symbolizer->child.fd))) {
		n = answer(symbolizer, symbolizer->room_ns);
		if (n <= 0 || !take_frames(symbolizer, fn, ctx))
			forfeit(symbolizer, n == 0, fn, ctx);
	}
	symbolizer->room_callers--;
}

int symbolizer__stack(struct symbolizer *symbolizer, __u32 space, __u32 number,
		      const struct vigie_stack *stack, const __u8 *user, symbolizer_frames_fn fn,
		      void *ctx)
{
	const struct symbolizer_head head = { .kind = SYMBOLIZER_STACK,
					      .a = space,
					      .b = number,
					      .len = sizeof(*stack) + stack->user_bytes };
	int err;

	make_room(symbolizer, fn, ctx);
	if (!symbolizer->child.pid) {
		fn(ctx, number, NULL, 0, 1 + PROFILE_INCOMPLETE_READER);
		return 0;
	}
	symbolizer->due[symbolizer->ndue++] = number;
	/* The bytes follow their head in the record: one payload. */
	err = user == (const __u8 *)(stack + 1)
		      ? packet_send(symbolizer->child.fd, &head, stack, -1)
		      : -EINVAL;
	if (err)
		forfeit(symbolizer, err == -EAGAIN, fn, ctx);
	return 0;
}

/* Every text ends within the packet, or the packet is refused. */
static const char *text_at(const struct symbolizer *symbolizer, size_t *at)
{
	const char *s = (const char *)symbolizer->in.data + *at;
	size_t len = strnlen(s, symbolizer->in.head.len - *at);

	if (len == symbolizer->in.head.len - *at)
		return NULL;
	*at += len + 1;
	return s;
}

static int take_named(struct symbolizer *symbolizer, __u32 module, symbolizer_named_fn fn,
		      void *ctx)
{
	struct symbolizer_line lines[SYMBOLIZER_LINES_MAX];
	struct symbolizer_named named;
	size_t at = 0;
	__u32 n = 0;

	while (symbolizer->in.head.len - at >= sizeof(named)) {
		memcpy(&named, symbolizer->in.data + at, sizeof(named));
		at += sizeof(named);
		lines[n].function = text_at(symbolizer, &at);
		lines[n].file = lines[n].function ? text_at(symbolizer, &at) : NULL;
		if (!lines[n].file)
			return -EBADMSG;
		lines[n].begin = named.begin;
		lines[n++].line = named.line;
		if (named.rest && n < SYMBOLIZER_LINES_MAX)
			continue;
		fn(ctx, module, named.address, lines, n);
		n = 0;
	}
	return 0;
}

static int give_debug(struct symbolizer *symbolizer, __u32 module, symbolizer_debug_fn debug,
		      void *ctx)
{
	const struct symbolizer_head head = { .kind = SYMBOLIZER_DEBUG, .a = module };
	size_t at = 0;
	const char *id = text_at(symbolizer, &at), *link = id ? text_at(symbolizer, &at) : NULL;
	int fd, err;

	if (!link)
		return -EBADMSG;
	fd = debug(ctx, module, id, link);
	if (fd == SYMBOLIZER_ANSWERED)
		return 0;
	err = packet_send(symbolizer->child.fd, &head, NULL, fd);
	if (fd >= 0)
		close(fd);
	return err;
}

/*
 * Sends the head and n addresses, waits for what is known of them. 0 or -errno, and the symbolizer anew.
 * Whatever it says in between, it has ns for all of it; the opener's time beside that it can have once.
 */
static int ask_addresses(struct symbolizer *symbolizer, const struct symbolizer_head *head,
			 const __u64 *addresses, __u64 ns, const struct symbolizer_ask *ask)
{
	__u32 module = head->a;
	__u64 end = clock_monotonic_ns() + ns, began;
	bool wanted = false;
	int err = symbolizer->child.pid ? packet_send(symbolizer->child.fd, head, addresses, -1)
					: -EPIPE;

	while (!err) {
		int got = answer(symbolizer, end);

		err = got < 0				? got
		      : got == 0			? -ETIMEDOUT
		      : symbolizer->in.head.a != module ? -EBADMSG
							: 0;
		if (!err && symbolizer->in.head.kind == SYMBOLIZER_NAMED) {
			err = take_named(symbolizer, module, ask->named, ask->ctx);
			if (!err)
				return 0;
		} else if (!err && symbolizer->in.head.kind == SYMBOLIZER_WANTS && !wanted) {
			wanted = true;
			began = clock_monotonic_ns();
			err = give_debug(symbolizer, module, ask->debug, ask->ctx);
			end += clock_monotonic_ns() - began;
		} else if (!err) {
			err = -EBADMSG;
		}
	}
	if (symbolizer->child.pid)
		symbolizer_restart(symbolizer, err == -ETIMEDOUT);
	return err;
}

int symbolizer__name(struct symbolizer *symbolizer, __u32 module, const __u64 *addresses, __u32 n,
		     const struct symbolizer_ask *ask)
{
	const struct symbolizer_head head = { .kind = SYMBOLIZER_NAME,
					      .a = module,
					      .len = n * sizeof(*addresses) };

	const __u64 began = clock_monotonic_ns();
	int err;

	/* No fault of this module's, nor of this symbolizer's: lines may still be asked for. */
	if (!symbolizer->patience_ns)
		return -ETIMEDOUT;
	err = ask_addresses(symbolizer, &head, addresses,
			    shorter(symbolizer->patience_ns, ANSWER_NS), ask);
	patience_spend(&symbolizer->patience_ns, began);
	return err;
}

int symbolizer__lines(struct symbolizer *symbolizer, __u32 module, const __u64 *addresses, __u32 n,
		      unsigned int ms, const struct symbolizer_ask *ask, __u32 *ret_looked)
{
	const struct symbolizer_head head = {
		.kind = SYMBOLIZER_LINE, .a = module, .b = ms, .len = n * sizeof(*addresses)
	};
	int err = ask_addresses(symbolizer, &head, addresses, (ms + LATE_MS) * NS_PER_MS, ask);

	if (!err)
		*ret_looked = symbolizer->in.head.b < n ? symbolizer->in.head.b : n;
	return err;
}

int symbolizer__identify(struct symbolizer *symbolizer, __u32 module,
			 char ret_id[SYMBOLIZER_ID_MAX], unsigned int *ret_what)
{
	const struct symbolizer_head head = { .kind = SYMBOLIZER_IDENTIFY, .a = module };
	size_t at = 0;
	const char *id = NULL;
	const __u64 began = clock_monotonic_ns();
	int err, got;

	if (!symbolizer->patience_ns)
		return -ETIMEDOUT;
	err = symbolizer->child.pid ? packet_send(symbolizer->child.fd, &head, NULL, -1) : -EPIPE;
	if (!err) {
		got = answer(symbolizer, began + shorter(symbolizer->patience_ns, ANSWER_NS));
		err = got < 0 ? got : got == 0 ? -ETIMEDOUT : 0;
	}
	patience_spend(&symbolizer->patience_ns, began);
	if (!err && symbolizer->in.head.kind == SYMBOLIZER_IDENTITY &&
	    symbolizer->in.head.a == module)
		id = text_at(symbolizer, &at);
	if (!id || strlen(id) >= SYMBOLIZER_ID_MAX) {
		if (symbolizer->child.pid)
			symbolizer_restart(symbolizer, err == -ETIMEDOUT);
		return err ? err : -EBADMSG;
	}
	strncpy(ret_id, id, SYMBOLIZER_ID_MAX - 1);
	ret_id[SYMBOLIZER_ID_MAX - 1] = '\0';
	*ret_what = symbolizer->in.head.b & SYMBOLIZER_WHAT_ALL;
	return 0;
}

__u64 symbolizer__pointers(const struct symbolizer *symbolizer)
{
	return symbolizer->pointers;
}

unsigned int symbolizer__restarts(const struct symbolizer *symbolizer)
{
	return symbolizer->restarts;
}

__u64 symbolizer__cpu_ns(const struct symbolizer *symbolizer)
{
	return helper_cpu_ns(&symbolizer->child);
}
