// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_host.c - collect/host: the texts of /proc, whole, cut anywhere, and garbage.
 *
 * Every text lies right before a page that cannot be read, so that one byte too far is a
 * crash also without a sanitizer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "collect/host.h"

enum { TICKS = 100, AREA = 16384 };
#define TICK_NS 10000000ULL

/* As a 6.18 guest with two CPUs gives them; long lines are cut. */
static const char stat_6_18[] =
	"cpu  144596 1239 51619 596634 2194 7 645 1408 11 12\n"
	"cpu0 69348 225 21204 307239 214 3 152 695 5 6\n"
	"cpu1 75247 1013 30415 289395 1980 4 492 713 6 6\n"
	"intr 1464314 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 1 1 14 0 0 0 0 799\n"
	"ctxt 32172285\n"
	"btime 1795441189\n"
	"processes 350726\n"
	"procs_running 9\n"
	"procs_blocked 3\n"
	"softirq 1206882 0 151765 4 122887 154233 0 3 160624 3698 613668\n";

/* Offline CPUs are not listed; lines that do not exist yet, or no more, are skipped. */
static const char stat_other[] = "cpu 1 2 3 4 5 6 7 8\n"
				 "cpu0 1 2 3 4 5 6 7 8\n"
				 "cpu7 0 0 0 0 0 0 0 0\n"
				 "cpu130 0 0 0 0 0 0 0 0\n"
				 "page 5741 1808\n"
				 "swap 1 0\n"
				 "ctxtra 99\n"
				 "ctxt 115315\n"
				 "processes_of_the_future 5\n"
				 "processes 86031";

static const char meminfo_6_18[] = "MemTotal:       24684096 kB\n"
				   "MemFree:        23259556 kB\n"
				   "MemAvailable:   23877196 kB\n"
				   "Buffers:            4884 kB\n"
				   "Cached:           792260 kB\n"
				   "SwapCached:           17 kB\n"
				   "Active:           553240 kB\n"
				   "Inactive:         468212 kB\n"
				   "Active(anon):       1660 kB\n"
				   "Inactive(anon):   231436 kB\n"
				   "Active(file):     551580 kB\n"
				   "Inactive(file):   236776 kB\n"
				   "Unevictable:       19948 kB\n"
				   "Mlocked:           18984 kB\n"
				   "SwapTotal:       2097148 kB\n"
				   "SwapFree:        2097000 kB\n"
				   "Zswap:                21 kB\n"
				   "Zswapped:             22 kB\n"
				   "AnonPages:        244276 kB\n"
				   "Mapped:           147320 kB\n"
				   "Shmem:              8788 kB\n"
				   "KReclaimable:      85300 kB\n"
				   "Slab:             118112 kB\n"
				   "SReclaimable:      85301 kB\n"
				   "SUnreclaim:        32812 kB\n"
				   "Committed_AS:     435056 kB\n"
				   "VmallocTotal:   34359738367 kB\n"
				   "ShmemHugePages:       31 kB\n"
				   "HugePages_Total:       5\n"
				   "DirectMap1G:    25165824 kB\n";

static const char vmstat_6_18[] = "nr_free_pages 5814889\n"
				  "pgpgin 4061997\n"
				  "pgpgout 2762508\n"
				  "pswpin 1234\n"
				  "pswpout 4097\n"
				  "pswpinner 7\n"
				  "pgalloc_dma 0\n";

/* The text ends where the next byte cannot be read. */
static const char *at_the_edge(const void *text, size_t len)
{
	static char *area;

	if (!area) {
		area = mmap(NULL, 2 * AREA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			    0);
		assert_true(area != MAP_FAILED);
		assert_int_equal(mprotect(area + AREA, AREA, PROT_NONE), 0);
	}
	assert_true(len <= AREA);
	return memcpy(area + AREA - len, text, len);
}

static void parse_stat(const char *text, size_t len, struct host *ret)
{
	host_parse_stat(at_the_edge(text, len), len, TICKS, ret);
}

static void stat_of_6_18(void **state)
{
	struct host h = { 0 };

	parse_stat(stat_6_18, strlen(stat_6_18), &h);
	assert_int_equal(h.cpu.user_ns, 144596 * TICK_NS);
	assert_int_equal(h.cpu.nice_ns, 1239 * TICK_NS);
	assert_int_equal(h.cpu.system_ns, 51619 * TICK_NS);
	assert_int_equal(h.cpu.idle_ns, 596634 * TICK_NS);
	assert_int_equal(h.cpu.iowait_ns, 2194 * TICK_NS);
	assert_int_equal(h.cpu.irq_ns, 7 * TICK_NS);
	assert_int_equal(h.cpu.softirq_ns, 645 * TICK_NS);
	assert_int_equal(h.cpu.steal_ns, 1408 * TICK_NS);
	assert_int_equal(h.online_cpus, 2);
	assert_int_equal(h.context_switches, 32172285);
	assert_int_equal(h.boot_time_s, 1795441189);
	assert_int_equal(h.forks, 350726);
	assert_int_equal(h.procs_running, 9);
	assert_int_equal(h.procs_blocked, 3);
}

static void stat_of_others(void **state)
{
	struct host h = { 0 };

	h.online_cpus = 77; /* counted anew, not added to */
	parse_stat(stat_other, strlen(stat_other), &h);
	assert_int_equal(h.cpu.user_ns, 1 * TICK_NS);
	assert_int_equal(h.cpu.steal_ns, 8 * TICK_NS);
	assert_int_equal(h.online_cpus, 3);
	assert_int_equal(h.context_switches, 115315);
	assert_int_equal(h.forks, 86031); /* no newline at the end */
	assert_int_equal(h.boot_time_s, 0);
}

static void other_ticks(void **state)
{
	struct host h = { 0 };

	host_parse_stat(at_the_edge("cpu 3 0 0 5\n", 12), 12, 1000, &h);
	assert_int_equal(h.cpu.user_ns, 3000000);
	assert_int_equal(h.cpu.idle_ns, 5000000);
	assert_int_equal(h.cpu.steal_ns, 0); /* fields that are missing */
}

static void meminfo_of_6_18(void **state)
{
	size_t len = strlen(meminfo_6_18);
	struct host_memory m = { 0 };

	host_parse_meminfo(at_the_edge(meminfo_6_18, len), len, &m);
	assert_int_equal(m.total, 24684096ULL * 1024);
	assert_int_equal(m.free, 23259556ULL * 1024);
	assert_int_equal(m.available, 23877196ULL * 1024);
	assert_int_equal(m.buffers, 4884 * 1024);
	assert_int_equal(m.cached, 792260 * 1024); /* not SwapCached */
	assert_int_equal(m.active, 553240 * 1024); /* not Active(anon) */
	assert_int_equal(m.inactive, 468212 * 1024);
	assert_int_equal(m.shmem, 8788 * 1024); /* not ShmemHugePages */
	assert_int_equal(m.slab, 118112 * 1024);
	assert_int_equal(m.slab_reclaimable, 85301 * 1024); /* not KReclaimable */
	assert_int_equal(m.swap_total, 2097148ULL * 1024);
	assert_int_equal(m.swap_free, 2097000ULL * 1024);
}

static void vmstat_of_6_18(void **state)
{
	size_t len = strlen(vmstat_6_18);
	struct host h = { 0 };

	host_parse_vmstat(at_the_edge(vmstat_6_18, len), len, &h);
	assert_int_equal(h.swap_in_pages, 1234);
	assert_int_equal(h.swap_out_pages, 4097);
}

static void parse_all(const char *text, size_t len)
{
	struct host h = { 0 };

	host_parse_stat(text, len, TICKS, &h);
	host_parse_meminfo(text, len, &h.memory);
	host_parse_vmstat(text, len, &h);
}

/* Cut after every byte: nothing is read beyond, and what stood before the cut is right. */
static void cut_anywhere(void **state)
{
	const char *const texts[] = { stat_6_18, stat_other, meminfo_6_18, vmstat_6_18 };
	const char *ctxt = strstr(stat_6_18, "btime");
	struct host h;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		for (size_t len = 0; len <= strlen(texts[i]); len++)
			parse_all(at_the_edge(texts[i], len), len);
	for (size_t len = ctxt - stat_6_18; len <= strlen(stat_6_18); len++) {
		memset(&h, 0, sizeof(h));
		parse_stat(stat_6_18, len, &h);
		assert_int_equal(h.cpu.steal_ns, 1408 * TICK_NS);
		assert_int_equal(h.context_switches, 32172285);
		assert_int_equal(h.online_cpus, 2);
	}
}

/* A line's numbers never come from the next one. */
static void short_lines(void **state)
{
	static const char text[] = "cpu\ncpu \ncpu 5\nctxt\nctxt \nprocesses 12\nbtime \n";
	struct host h = { 0 };

	parse_stat(text, strlen(text), &h);
	assert_int_equal(h.cpu.user_ns, 5 * TICK_NS);
	assert_int_equal(h.cpu.nice_ns, 0);
	assert_int_equal(h.context_switches, 0);
	assert_int_equal(h.forks, 12);
	assert_int_equal(h.boot_time_s, 0);
}

static void garbage(void **state)
{
	static const char alphabet[] =
		"cpu 0123456789\nctxt btime processes MemTotal: pswpin \0\xff-";
	char text[700];

	srandom(5);
	for (int i = 0; i < 20000; i++) {
		size_t len = random() % sizeof(text);

		for (size_t j = 0; j < len; j++)
			text[j] = i & 1 ? (char)random() : alphabet[random() % sizeof(alphabet)];
		if (i % 3 == 0 && len > 8)
			memcpy(text, i % 2 ? "cpu " : "pswpin ", 4);
		parse_all(at_the_edge(text, len), len);
	}
}

/* The host itself, against its own interfaces. */
static void this_host(void **state)
{
	struct host h = { 0 };

	assert_int_equal(host_read(&h), 0);
	assert_int_equal(h.online_cpus, sysconf(_SC_NPROCESSORS_ONLN));
	assert_int_equal(h.memory.total, (__u64)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE));
	assert_true(h.memory.available > 0 && h.memory.available <= h.memory.total);
	assert_true(h.cpu.user_ns > 0 && h.cpu.idle_ns > 0);
	assert_true(h.context_switches > 0 && h.forks > 0 && h.boot_time_s > 0);
	assert_true(h.procs_running >= 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stat_of_6_18),	  cmocka_unit_test(stat_of_others),
		cmocka_unit_test(other_ticks),	  cmocka_unit_test(meminfo_of_6_18),
		cmocka_unit_test(vmstat_of_6_18), cmocka_unit_test(cut_anywhere),
		cmocka_unit_test(short_lines),	  cmocka_unit_test(garbage),
		cmocka_unit_test(this_host),
	};

	return cmocka_run_group_tests_name("host", tests, NULL, NULL);
}
