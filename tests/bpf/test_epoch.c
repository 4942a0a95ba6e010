// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_epoch.c - collect/epoch against real maps, with the BPF side played by us.
 *
 * Every increment that is written must be read once, whatever the order of writes, reads and
 * settles: also what is written between two batches of a read, or into the closed epoch by a
 * program that still saw the old value (bpf.mk wraps the wait for the grace period: that is
 * when such late writers write), and when memory or map operations fail at random.
 * Not here: real programs (test_retired.c).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <cmocka.h>

#include "bpf_test.h"
#include "collect/epoch.h"

enum { KEYS = 3000, ROOM = 2500, CPUS = 3, PARTIES = 12, OF_A_NAME = 5, WORDS = VIGIE_USAGE_WORDS };

/* One more key than there are: the last is what found no room. */
struct totals {
	__u64 word[KEYS + 1][WORDS];
	__u64 tasks[KEYS + 1];
	__u64 culprit_ns[PARTIES][PARTIES], culprit_waits[PARTIES][PARTIES];
	__u64 culprit_other_ns, culprit_other_waits;
	__u64 of_process[PARTIES][OF_A_NAME + 1]; /* by its name */
};
static struct totals written, got;
static __u64 peaks[KEYS + 1]; /* highest ever written */

static struct epoch_reader reader;
static struct vigie_cpu cpus[CPUS];
static volatile __u32 epoch;
static int faults; /* of 100 calls that can fail, how many do */
static bool concurrent; /* write while a map is being read */
static bool no_membarrier;
static unsigned long late, struck, taken;

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *block, size_t size);
int __real_bpf_map_update_elem(int fd, const void *key, const void *value, __u64 flags);
int __real_bpf_map_lookup_batch(int fd, void *in, void *out, void *keys, void *values, __u32 *n,
				const struct bpf_map_batch_opts *opts);
int __real_bpf_map_lookup_and_delete_batch(int fd, void *in, void *out, void *keys, void *values,
					   __u32 *n, const struct bpf_map_batch_opts *opts);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *block, size_t size);
long __wrap_syscall(long nr, long a, long b, long c);
int __wrap_nanosleep(const struct timespec *t, struct timespec *rest);
int __wrap_bpf_map_update_elem(int fd, const void *key, const void *value, __u64 flags);
int __wrap_bpf_map_lookup_batch(int fd, void *in, void *out, void *keys, void *values, __u32 *n,
				const struct bpf_map_batch_opts *opts);
int __wrap_bpf_map_lookup_and_delete_batch(int fd, void *in, void *out, void *keys, void *values,
					   __u32 *n, const struct bpf_map_batch_opts *opts);

/* --- The BPF side. */

static void add_usage(struct vigie_retired *value, int k)
{
	__u64 *to = (__u64 *)&value->inc;
	int i;

	for (i = 0; i < 4; i++) {
		int w = random() % WORDS;
		__u64 add = random() % 1000 ? (__u64)random() : 1ULL << 40;

		to[w] += add;
		written.word[k][w] += add;
	}
	value->tasks++;
	written.tasks[k]++;
	value->peak_pages = value->peak_pages < 1000 ? value->peak_pages + random() % 100 : 1000;
	if (value->peak_pages > peaks[k])
		peaks[k] = value->peak_pages;
}

static struct vigie_key key_of(int k)
{
	struct vigie_key key = { .cgroup_id = 7, .tgid = k + 1 };

	snprintf(key.comm, sizeof(key.comm), "key-%d", k);
	return key;
}

static void write_retired(__u32 e)
{
	struct vigie_retired value = { 0 };
	/* A key may be in both of an epoch's maps. */
	int k = random() % KEYS, fd = (random() % 4 ? reader.retired_fd : reader.spare_fd)[e];
	struct vigie_key key = key_of(k);

	if (!bpf_map_lookup_elem(fd, &key, &value) ||
	    !__real_bpf_map_update_elem(fd, &key, &value, BPF_NOEXIST)) {
		add_usage(&value, k);
		assert_int_equal(__real_bpf_map_update_elem(fd, &key, &value, BPF_EXIST), 0);
		return;
	}
	assert_int_equal(bpf_map_lookup_elem(reader.other_fd, &e, &value), 0);
	add_usage(&value, KEYS);
	assert_int_equal(__real_bpf_map_update_elem(reader.other_fd, &e, &value, BPF_ANY), 0);
}

/* Which processes of the cell's names it was: as far as there is room, and after the cell itself. */
static void write_part(struct vigie_cpu *cpu, __u32 e, __u32 at, __u64 ns)
{
	__u32 pid = 1 + random() % OF_A_NAME;
	struct vigie_delay_process *p =
		&cpu->culprit_processes[e][(at * OF_A_NAME + pid) % VIGIE_DELAY_PROCESSES];

	if (random() % 8 == 0)
		return;
	if (p->victim != 1000 + pid || p->cell != at ||
	    p->cell_past != (__u32)cpu->culprit_past[e][at].waits)
		*p = (struct vigie_delay_process){ .victim = 1000 + pid, .culprit = 2000 + pid };
	p->cell = at;
	p->cell_past = (__u32)cpu->culprit_past[e][at].waits;
	p->wait_ns += ns;
	p->waits++;
	written.of_process[cpu->culprits[e][at].victim.cgroup_id][pid] += ns;
}

static void write_culprit(__u32 e)
{
	__u32 victim = 1 + random() % (PARTIES - 1), culprit = random() % PARTIES;
	struct vigie_cpu *cpu = &cpus[random() % CPUS];
	__u32 at = (victim * PARTIES + culprit) % 64; /* they collide */
	struct vigie_delay *cell = &cpu->culprits[e][at];
	__u64 ns = random();

	cpu->slow_waits++;
	if (cell->victim.tgid && (cell->victim.tgid != victim || cell->culprit.tgid != culprit) &&
	    random() % 2) {
		/* A larger one takes the cell; what of the old one was not read yet is folded. */
		cpu->culprit_past[e][at] = (struct vigie_delay_past){ cell->wait_ns, cell->waits };
		taken++;
	} else if (cell->victim.tgid &&
		   (cell->victim.tgid != victim || cell->culprit.tgid != culprit)) {
		cpu->culprit_other_ns[e] += ns;
		cpu->culprit_other_waits[e]++;
		written.culprit_other_ns += ns;
		written.culprit_other_waits++;
		return;
	}
	cell->culprit = (struct vigie_party){ .tgid = culprit, .cgroup_id = culprit };
	cell->victim = (struct vigie_party){ .tgid = victim, .cgroup_id = victim };
	cell->wait_ns += ns;
	cell->waits++;
	write_part(cpu, e, at, ns);
	written.culprit_ns[victim][culprit] += ns;
	written.culprit_waits[victim][culprit]++;
}

static void write_some(__u32 e, int most)
{
	int i, n = random() % most;

	for (i = 0; i < n; i++) {
		write_retired(e & 1);
		if (i % 4 == 0)
			write_culprit(e & 1);
	}
}

/* --- What the reader calls. */

static bool fails(void)
{
	if (random() % 100 >= faults)
		return false;
	struck++;
	return true;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *block, size_t size)
{
	return fails() ? NULL : __real_realloc(block, size);
}

/* Programs that read the epoch before it was flipped end here at the latest. */
static void write_late(void)
{
	late++;
	write_some(epoch ^ 1, 20);
	write_some(epoch, 20);
}

long __wrap_syscall(long nr, long a, long b, long c)
{
	assert_int_equal(nr, SYS_membarrier);
	if (no_membarrier) {
		errno = EINVAL;
		return -1;
	}
	write_late();
	return 0;
}

int __wrap_nanosleep(const struct timespec *t, struct timespec *rest)
{
	assert_true(no_membarrier && t->tv_sec * NS_PER_S + t->tv_nsec >= 100 * NS_PER_MS);
	write_late();
	return 0;
}

int __wrap_bpf_map_update_elem(int fd, const void *key, const void *value, __u64 flags)
{
	return fails() ? -ENOMEM : __real_bpf_map_update_elem(fd, key, value, flags);
}

int __wrap_bpf_map_lookup_batch(int fd, void *in, void *out, void *keys, void *values, __u32 *n,
				const struct bpf_map_batch_opts *opts)
{
	if (fails())
		return -EINTR;
	if (concurrent)
		write_some(epoch, 10);
	return __real_bpf_map_lookup_batch(fd, in, out, keys, values, n, opts);
}

/* Fails before a batch, or after it: then its entries are gone all the same. */
int __wrap_bpf_map_lookup_and_delete_batch(int fd, void *in, void *out, void *keys, void *values,
					   __u32 *n, const struct bpf_map_batch_opts *opts)
{
	int err;

	if (fails())
		return -EINTR;
	err = __real_bpf_map_lookup_and_delete_batch(fd, in, out, keys, values, n, opts);
	return fails() ? -EFAULT : err;
}

/* --- The reader's side. */

static void take_retired(const struct retired *r)
{
	int k = r->key.flags & VIGIE_TASK_OTHER ? KEYS : (int)r->key.tgid - 1, w;
	struct vigie_key key = key_of(k);

	assert_in_range(k, 0, KEYS);
	if (k < KEYS)
		assert_memory_equal(&r->key, &key, sizeof(key));
	for (w = 0; w < WORDS; w++) {
		got.word[k][w] += ((const __u64 *)&r->value.inc)[w];
		if (got.word[k][w] > written.word[k][w])
			fail_msg("key %d word %d: %llu of %llu", k, w, got.word[k][w],
				 written.word[k][w]);
	}
	got.tasks[k] += r->value.tasks;
	assert_true(r->value.peak_pages <= peaks[k]);
}

static int read_all(void)
{
	int err = epoch_read(&reader);
	size_t i;

	for (i = 0; i < reader.nretired; i++)
		take_retired(&reader.retired[i]);
	for (i = 0; i < reader.nculprits; i++) {
		const struct vigie_delay *b = &reader.culprits[i];

		assert_in_range(b->victim.cgroup_id, 1, PARTIES - 1);
		assert_true(b->wait_ns && b->waits);
		got.culprit_ns[b->victim.cgroup_id][b->culprit.cgroup_id] += b->wait_ns;
		got.culprit_waits[b->victim.cgroup_id][b->culprit.cgroup_id] += b->waits;
		if (b->victim.flags & VIGIE_TASK_SOME)
			continue;
		assert_in_range(b->victim.tgid, 1001, 1000 + OF_A_NAME);
		assert_int_equal(b->culprit.tgid, b->victim.tgid + 1000);
		got.of_process[b->victim.cgroup_id][b->victim.tgid - 1000] += b->wait_ns;
	}
	got.culprit_other_ns += reader.culprit_other_ns;
	got.culprit_other_waits += reader.culprit_other_waits;
	return err;
}

/* No pair has a stranger's waits, and none is lost: what a pair lacks is in other. */
static void check_culprits(void)
{
	__u64 folded_ns = 0, folded_waits = 0;
	int v, c;

	for (v = 0; v < PARTIES; v++)
		for (c = 0; c < PARTIES; c++) {
			assert_true(got.culprit_ns[v][c] <= written.culprit_ns[v][c]);
			assert_true(got.culprit_waits[v][c] <= written.culprit_waits[v][c]);
			folded_ns += written.culprit_ns[v][c] - got.culprit_ns[v][c];
			folded_waits += written.culprit_waits[v][c] - got.culprit_waits[v][c];
		}
	for (v = 0; v < PARTIES; v++)
		for (c = 0; c <= OF_A_NAME; c++)
			assert_true(got.of_process[v][c] <= written.of_process[v][c]);
	assert_int_equal(got.culprit_other_ns, written.culprit_other_ns + folded_ns);
	assert_int_equal(got.culprit_other_waits, written.culprit_other_waits + folded_waits);
}

static void check_balance(const char *when)
{
	int k, w;

	for (k = 0; k <= KEYS; k++) {
		if (got.tasks[k] != written.tasks[k])
			fail_msg("%s: key %d: %llu tasks of %llu", when, k, got.tasks[k],
				 written.tasks[k]);
		for (w = 0; w < WORDS; w++)
			if (got.word[k][w] != written.word[k][w])
				fail_msg("%s: key %d word %d: %llu of %llu", when, k, w,
					 got.word[k][w], written.word[k][w]);
	}
	check_culprits();
}

static bool map_is_empty(int fd)
{
	struct vigie_key key;

	return bpf_map_get_next_key(fd, NULL, &key) == -ENOENT;
}

static int open_maps(void **state)
{
	DECLARE_LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_NO_PREALLOC);
	int i;

	memset(&reader, 0, sizeof(reader));
	memset(&written, 0, sizeof(written));
	memset(&got, 0, sizeof(got));
	memset(peaks, 0, sizeof(peaks));
	memset(cpus, 0, sizeof(cpus));
	faults = epoch = late = struck = 0;
	concurrent = no_membarrier = false;
	srandom(20261123);
	if (bpf_refused())
		return 0;
	for (i = 0; i < VIGIE_EPOCHS; i++) {
		reader.retired_fd[i] = bpf_map_create(BPF_MAP_TYPE_HASH, "vigie_retired",
						      sizeof(struct vigie_key),
						      sizeof(struct vigie_retired), ROOM, &opts);
		reader.spare_fd[i] = bpf_map_create(BPF_MAP_TYPE_HASH, "vigie_spare",
						    sizeof(struct vigie_key),
						    sizeof(struct vigie_retired), ROOM, NULL);
	}
	reader.other_fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "vigie_other", sizeof(__u32),
					 sizeof(struct vigie_retired), VIGIE_EPOCHS, NULL);
	reader.cpus = cpus;
	reader.ncpus = CPUS;
	reader.current = &epoch;
	if (reader.retired_fd[0] < 0 || reader.retired_fd[1] < 0 || reader.spare_fd[0] < 0 ||
	    reader.spare_fd[1] < 0 || reader.other_fd < 0)
		return -1;
	return epoch_init(&reader);
}

static int close_maps(void **state)
{
	if (!reader.cpus)
		return 0;
	close(reader.retired_fd[0]);
	close(reader.retired_fd[1]);
	close(reader.spare_fd[0]);
	close(reader.spare_fd[1]);
	close(reader.other_fd);
	epoch_done(&reader);
	return 0;
}

/* --- Tests. */

static void one_after_the_other(void **state)
{
	__u32 first;

	NEED_BPF();
	assert_int_equal(read_all(), 0);
	assert_int_equal(reader.nretired + reader.nculprits + reader.entries, 0);
	write_some(epoch, 1000);
	assert_int_equal(read_all(), 0);
	check_balance("filling");
	assert_true(reader.entries > 0);
	assert_int_equal(read_all(), 0); /* nothing new: nothing handed out again */
	assert_int_equal(reader.nretired + reader.nculprits, 0);
	first = epoch;
	assert_int_equal(epoch_settle(&reader), 0);
	assert_int_not_equal(epoch, first);
	assert_int_equal(late, 1);
	assert_int_equal(epoch_settle(&reader), 0); /* the other is not empty yet: no flip */
	assert_int_not_equal(epoch, first);
	assert_int_equal(late, 1);
	assert_int_equal(read_all(), 0);
	check_balance("closed");
	assert_true(map_is_empty(reader.retired_fd[first]));
	assert_true(map_is_empty(reader.spare_fd[first]));
	assert_int_equal(epoch_settle(&reader), 0);
	assert_int_equal(epoch, first);
}

static void steps(int n)
{
	int i;

	for (i = 0; i < n; i++) {
		int what = random() % 10;

		if (what < 5)
			write_some(epoch, 60);
		else if (what < 8 && !read_all() && !concurrent && i % 8 == 0)
			check_balance("on the way");
		else if (what >= 8)
			assert_int_equal(epoch_settle(&reader), 0);
	}
}

static void finish(void)
{
	faults = 0;
	concurrent = false;
	assert_int_equal(read_all(), 0);
	check_balance("at the end");
	assert_int_equal(epoch_settle(&reader), 0);
	assert_int_equal(read_all(), 0);
	check_balance("at the very end");
	assert_true(map_is_empty(reader.retired_fd[(epoch & 1) ^ 1]));
	assert_true(written.tasks[KEYS] + written.tasks[0] > 0 && written.culprit_other_waits > 0);
	assert_true(taken > 100 && got.culprit_other_waits > written.culprit_other_waits);
	assert_true(late > 10);
}

static void any_order(void **state)
{
	NEED_BPF();
	steps(3000);
	finish();
	assert_true(got.of_process[1][1] > written.of_process[1][1] / 4);
}

/* Without a settle the table runs full: what finds no room is handed out as "other". */
static void full(void **state)
{
	int i;

	NEED_BPF();
	for (i = 0; i < 200; i++)
		write_some(epoch, 200);
	assert_true(written.tasks[KEYS] > 100);
	assert_int_equal(read_all(), 0);
	check_balance("full");
	assert_true(reader.entries > 1024); /* more than one batch */
	steps(300);
	finish();
}

static void while_it_is_written(void **state)
{
	NEED_BPF();
	concurrent = true;
	steps(3000);
	finish();
}

static void without_membarrier(void **state)
{
	NEED_BPF();
	no_membarrier = true;
	steps(600);
	finish();
}

static void when_things_fail(void **state)
{
	int percent;

	NEED_BPF();
	for (percent = 1; percent <= 41; percent += 10) {
		faults = percent;
		steps(700);
	}
	assert_true(struck > 200);
	finish();
}

static void when_things_fail_while_written(void **state)
{
	NEED_BPF();
	concurrent = true;
	faults = 5;
	steps(2000);
	finish();
}

static void init_without_memory(void **state)
{
	struct epoch_reader e;
	int i, failed = 0;

	faults = 40;
	for (i = 0; i < 100; i++) {
		memset(&e, 0, sizeof(e));
		e.ncpus = CPUS;
		failed += epoch_init(&e) == -ENOMEM;
		epoch_done(&e);
	}
	faults = 0;
	assert_in_range(failed, 50, 100);
}

#define EPOCH_TEST(f) cmocka_unit_test_setup_teardown(f, open_maps, close_maps)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EPOCH_TEST(one_after_the_other),
		EPOCH_TEST(any_order),
		EPOCH_TEST(full),
		EPOCH_TEST(while_it_is_written),
		EPOCH_TEST(without_membarrier),
		EPOCH_TEST(when_things_fail),
		EPOCH_TEST(when_things_fail_while_written),
		EPOCH_TEST(init_without_memory),
	};

	return cmocka_run_group_tests_name("bpf_epoch", tests, NULL, NULL);
}
