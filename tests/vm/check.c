// SPDX-License-Identifier: GPL-2.0-only
/*
 * check.c - the short check: `vigie serve` on this kernel against what the kernel says itself.
 *
 * Owns: the comparisons, as TAP lines. Statically linked: it runs where there is nothing
 * else. Not here: the loads and /proc (work.c), HTTP and the page (scrape.c).
 *
 *	check VIGIE		starts it, puts it to work, stops it
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/bpf.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "scrape.h"
#include "work.h"

#define PORT 9838
#define BURN_NS INT64_C(1000000000)
#define MEMORY_BYTES (INT64_C(64) << 20)
#define MS INT64_C(1000000)

/* What one page was asked for. Labels as they stand in the page. */
#define SUM(page, name, ...)                                       \
	page_sum(page, name, (const char *const[]){ __VA_ARGS__ }, \
		 sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *))

static int failures;
static pid_t vigie_pid;

static void __attribute__((format(printf, 2, 3))) report(bool good, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	printf("%s - ", good ? "ok" : "not ok");
	vprintf(fmt, args);
	printf("\n");
	fflush(stdout);
	va_end(args);
	failures += !good;
}

/* got and want in 10^-9 units; good within permille of want, plus slack. */
static void near_ns(const char *what, int64_t got, int64_t want, int64_t permille, int64_t slack)
{
	int64_t off = got > want ? got - want : want - got;

	report(got >= 0 && want >= 0 && off <= want * permille / 1000 + slack,
	       "%s: vigie %" PRId64 " us, kernel %" PRId64 " us", what, got / 1000, want / 1000);
}

static void equal(const char *what, int64_t got, int64_t want)
{
	report(got == want * 1000000000, "%s: vigie %" PRId64 ", kernel %" PRId64, what,
	       got < 0 ? got : got / 1000000000, want);
}

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void short_sleep(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
}

static bool wait_ready(void)
{
	for (int64_t end = now_ns() + 60000 * MS; now_ns() < end; short_sleep()) {
		char *page = http_get(PORT, "/-/ready");

		free(page);
		if (page)
			return true;
		if (waitpid(vigie_pid, NULL, WNOHANG) == vigie_pid)
			return false;
	}
	return false;
}

static bool start_vigie(const char *path)
{
	fflush(stdout);
	vigie_pid = fork();
	if (vigie_pid == 0) {
		execl(path, path, "serve", "--listen", "127.0.0.1:9838", "--no-history",
		      "--max-overhead", "off", (char *)NULL);
		_exit(127);
	}
	return vigie_pid > 0 && wait_ready();
}

static char *scrape(void)
{
	char *page = http_get(PORT, "/metrics");

	if (!page) {
		report(false, "a scrape is answered");
		exit(1);
	}
	return page;
}

/*
 * A dead task's totals are final when the kernel frees it, a grace period after it was reaped,
 * and on the page one snapshot later. So: the page on which all of them have died, or the last
 * before the deadline. Too much is never waited away.
 */
static char *scrape_after_exits(const char *comm, int64_t exits)
{
	int64_t end = now_ns() + 20000 * MS;
	char *page = scrape();

	while (SUM(page, "vigie_process_exits_total", comm) < exits * 1000000000 &&
	       now_ns() < end) {
		free(page);
		short_sleep();
		page = scrape();
	}
	return page;
}

/* A scrape may be answered with the page of before, the longer the dearer that was. */
static char *scrape_with(const char *comm)
{
	int64_t end = now_ns() + 20000 * MS;
	char *page = scrape();

	while (SUM(page, "vigie_process_processes", comm) <= 0 && now_ns() < end) {
		free(page);
		short_sleep();
		page = scrape();
	}
	return page;
}

/* Two that want one CPU: what they ran is exact, and what they waited is large. */
static void check_cpu(void)
{
	pid_t pids[2] = { work_burn("vm-burn", BURN_NS), work_burn("vm-burn", BURN_NS) };
	int64_t cpu = 0, wait = 0, got;
	char *page;

	for (int i = 0; i < 2; i++) {
		work_wait_zombie(pids[i]);
		cpu += proc_schedstat(pids[i], 0);
		wait += proc_schedstat(pids[i], 1);
		waitpid(pids[i], NULL, 0);
	}
	page = scrape_after_exits("comm=\"vm-burn\"", 2);
	near_ns("CPU time of two that died",
		SUM(page, "vigie_process_cpu_seconds_total", "comm=\"vm-burn\""), cpu, 5, MS / 10);
	got = SUM(page, "vigie_process_run_queue_wait_seconds_sum", "comm=\"vm-burn\"");
	if (got < 0)
		got = SUM(page, "vigie_process_run_queue_wait_seconds_total", "comm=\"vm-burn\"");
	near_ns("their run-queue wait", got, wait, 5, MS / 10);
	report(wait > BURN_NS / 4, "the check itself: they did wait, %" PRId64 " ms", wait / MS);
	free(page);
}

/* What vigie itself says it lost, beside a figure that is wrong. */
static void show_losses(const char *page)
{
	for (const char *line = page; line && *line; line = strchr(line, '\n')) {
		size_t len;

		line += *line == '\n';
		len = strcspn(line, "\n");
		if (strncmp(line, "vigie_self_", 11) == 0 && memmem(line, len, "los", 3) &&
		    strncmp(line + len - 2, " 0", 2))
			printf("# %.*s\n", (int)len, line);
	}
	fflush(stdout);
}

static void check_forks(void)
{
	int before = failures;
	pid_t pid = work_fork("vm-fork");
	char *page;

	waitpid(pid, NULL, 0);
	page = scrape_after_exits("comm=\"vm-fork\"", 1 + FORK_NORMAL + FORK_ERROR + FORK_SIGNAL);
	equal("processes begun", SUM(page, "vigie_process_starts_total", "comm=\"vm-fork\""),
	      1 + FORK_NORMAL + FORK_ERROR + FORK_SIGNAL);
	equal("exits, normal",
	      SUM(page, "vigie_process_exits_total", "comm=\"vm-fork\"", "how=\"normal\""),
	      FORK_NORMAL + 1);
	equal("exits, error",
	      SUM(page, "vigie_process_exits_total", "comm=\"vm-fork\"", "how=\"error\""),
	      FORK_ERROR);
	equal("exits, signal",
	      SUM(page, "vigie_process_exits_total", "comm=\"vm-fork\"", "how=\"signal\""),
	      FORK_SIGNAL);
	if (failures > before)
		show_losses(page);
	free(page);
}

static int64_t missed(const char *page, const char *program)
{
	int64_t n = SUM(page, "vigie_self_probe_runs_missed_total", program);

	return n < 0 ? 0 : n;
}

static int64_t forks_seen(const char *page)
{
	return SUM(page, "vigie_self_events_total", "kind=\"fork\"");
}

/* By the kernel's own count, over all programs that there are. */
static int64_t kernel_missed(void)
{
	union bpf_attr attr;
	int64_t sum = 0;
	__u32 id = 0;

	for (;;) {
		struct bpf_prog_info info = { 0 };
		int fd;

		memset(&attr, 0, sizeof(attr));
		attr.start_id = id;
		if (syscall(SYS_bpf, BPF_PROG_GET_NEXT_ID, &attr, sizeof(attr)))
			return sum;
		id = attr.next_id;
		memset(&attr, 0, sizeof(attr));
		attr.prog_id = id;
		fd = syscall(SYS_bpf, BPF_PROG_GET_FD_BY_ID, &attr, sizeof(attr));
		if (fd < 0)
			continue;
		memset(&attr, 0, sizeof(attr));
		attr.info.bpf_fd = fd;
		attr.info.info_len = sizeof(info);
		attr.info.info = (uintptr_t)&info;
		if (!syscall(SYS_bpf, BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr)))
			sum += info.recursion_misses;
		close(fd);
	}
}

/* vigie asks for it every ten seconds. */
static void check_missed(void)
{
	static const char name[] = "vigie_self_losses_total", cause[] = "cause=\"run_missed\"";
	int64_t want = kernel_missed(), end = now_ns() + 30000 * MS;
	char *page = scrape();

	while (SUM(page, name, cause) < want * 1000000000 && now_ns() < end) {
		free(page);
		short_sleep();
		page = scrape();
	}
	equal("runs that the kernel skipped", SUM(page, name, cause), want);
	if (want)
		printf("# births %lld, exits %lld, ends %lld\n",
		       (long long)(missed(page, "on_newtask") / 1000000000),
		       (long long)(missed(page, "on_exit") / 1000000000),
		       (long long)(missed(page, "on_free") / 1000000000));
	show_losses(page);
	free(page);
}

/*
 * Forks that overlap on a CPU. Where tracepoints can be preempted the kernel skips a program that runs
 * there already: a birth that was not seen then is found later. An end that was not, is lost, and told.
 */
static void check_storm(void)
{
	const int64_t all = 1 + STORM_FORKERS * (1 + STORM_EACH), e9 = 1000000000;
	char *before = scrape(), *page;
	int64_t forks = host_forks(), seen, lost;
	pid_t pid = work_storm("vm-storm");

	waitpid(pid, NULL, 0);
	page = scrape_after_exits("comm=\"vm-storm\"", all);
	forks = host_forks() - forks;
	seen = forks_seen(page) - forks_seen(before);
	lost = missed(page, "on_free") - missed(before, "on_free");
	report(seen <= forks * e9 && seen + lost >= forks * e9,
	       "forks that overlap: vigie %lld, kernel %lld, %lld ends missed",
	       (long long)(seen / e9), (long long)forks, (long long)(lost / e9));
	equal("processes begun in it",
	      SUM(page, "vigie_process_starts_total", "comm=\"vm-storm\"") + lost, all);
	equal("processes ended in it",
	      SUM(page, "vigie_process_exits_total", "comm=\"vm-storm\"", "how=\"normal\"") + lost,
	      all);
	free(before);
	free(page);
	check_missed();
}

static void check_memory(void)
{
	pid_t pid = work_memory("vm-memory", MEMORY_BYTES);
	int64_t rss;
	char *page;

	work_wait_asleep(pid);
	page = scrape_with("comm=\"vm-memory\"");
	rss = proc_status(pid, "RssAnon", 10) * 1024 * 1000000000;
	/* From 6.2 on a CPU may hold back some pages of a counter: 1 MiB is the stated error. */
	near_ns("anonymous memory (10^-9 bytes)",
		SUM(page, "vigie_process_resident_memory_bytes", "comm=\"vm-memory\"",
		    "kind=\"anon\""),
		rss, 0, (1 << 20) * 1000000000LL);
	report(SUM(page, "vigie_process_resident_memory_peak_bytes", "comm=\"vm-memory\"") >=
		       MEMORY_BYTES * 1000000000,
	       "the peak is no less than what was touched");
	equal("minor faults",
	      SUM(page, "vigie_process_page_faults_total", "comm=\"vm-memory\"", "kind=\"minor\""),
	      proc_stat(pid, 10));
	equal("voluntary switches at rest",
	      SUM(page, "vigie_process_context_switches_total", "comm=\"vm-memory\"",
		  "kind=\"voluntary\""),
	      proc_status(pid, "voluntary_ctxt_switches", 10));
	equal("involuntary switches at rest",
	      SUM(page, "vigie_process_context_switches_total", "comm=\"vm-memory\"",
		  "kind=\"involuntary\""),
	      proc_status(pid, "nonvoluntary_ctxt_switches", 10));
	free(page);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/*
 * Sleepers that are moved: from 6.12 on the kernel counts a part of their sleep as run_delay. By the
 * wall clock a wait is the lateness of a sleep's end, and work that took longer than its CPU time.
 */
static void check_moved(void)
{
	long long slept, waited, kernel;
	int64_t wait, sleep, corrected;
	FILE *said = popen("/vm/moved vm-moved 3 8 250", "r");
	char *page;

	if (!said ||
	    fscanf(said, "slept %lld waited %lld kernel %lld", &slept, &waited, &kernel) != 3) {
		report(false, "the check itself: /vm/moved runs");
		return;
	}
	pclose(said);
	page = scrape_after_exits("comm=\"vm-moved\"", 3);
	wait = SUM(page, "vigie_process_run_queue_wait_seconds_sum", "comm=\"vm-moved\"");
	sleep = SUM(page, "vigie_process_off_cpu_seconds_total", "comm=\"vm-moved\"",
		    "reason=\"sleep\"");
	corrected = SUM(page, "vigie_self_run_delay_corrected_seconds_total", "");
	report(wait >= 0 && wait <= waited + slept / 100,
	       "moved sleepers waited: vigie %lld ms, wall clock %lld ms, kernel %lld ms",
	       (long long)(wait / MS), waited / 1000000, kernel / 1000000);
	report(sleep >= slept / 100 * 99, "and slept: vigie %lld ms, asked for %lld ms",
	       (long long)(sleep / MS), slept / 1000000);
	report(corrected >= kernel - waited - slept / 100 &&
		       (corrected || kernel <= waited + slept / 100),
	       "corrected: %lld ms", (long long)(corrected / MS));
	free(page);
}

static int64_t books(const char *page, const char *mode)
{
	return SUM(page, "vigie_process_cpu_seconds_total", mode) +
	       SUM(page, "vigie_retired_cpu_seconds_total", mode) +
	       SUM(page, "vigie_unattributed_cpu_seconds_total", mode);
}

static void check_books(void)
{
	char *page = scrape();

	near_ns("the books, user", books(page, "mode=\"user\""),
		SUM(page, "vigie_host_cpu_seconds_total", "mode=\"user\""), 0, 0);
	near_ns("the books, system", books(page, "mode=\"system\""),
		SUM(page, "vigie_host_cpu_seconds_total", "mode=\"system\""), 0, 0);
	free(page);
}

/* CAP_BPF is kept only where map reads need it: before 5.19 (DESIGN 7). */
static void check_privileges(void)
{
	struct utsname u;
	int64_t may = 0;

	if (uname(&u) == 0 && u.release[0] == '5')
		may = 1LL << 39;
	report(proc_status(vigie_pid, "Uid", 10) > 0, "serves as another user than root");
	report((proc_status(vigie_pid, "CapEff", 16) & ~may) == 0 &&
		       (proc_status(vigie_pid, "CapPrm", 16) & ~may) == 0,
	       "without capabilities");
	report(proc_status(vigie_pid, "NoNewPrivs", 10) == 1, "with no_new_privs");
	report(proc_status(vigie_pid, "Seccomp", 10) == 2, "with a seccomp filter");
}

static bool bpf_program_exists(void)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	return syscall(SYS_bpf, BPF_PROG_GET_NEXT_ID, &attr, sizeof(attr)) == 0;
}

/* Programs are freed after a grace period: they may be seen a moment longer. */
static bool bpf_programs_gone(void)
{
	for (int64_t end = now_ns() + 10000 * MS; now_ns() < end; short_sleep()) {
		if (!bpf_program_exists())
			return true;
	}
	return false;
}

static void check_stop(void)
{
	int64_t begin;
	int status = -1;

	report(bpf_program_exists(), "the check itself: its programs are visible");
	begin = now_ns();
	kill(vigie_pid, SIGTERM);
	waitpid(vigie_pid, &status, 0);
	/* 500 ms on a host; QEMU's emulation is some ten times slower. */
	report(now_ns() - begin < 5000 * MS, "SIGTERM ends it: %" PRId64 " ms",
	       (now_ns() - begin) / MS);
	report(WIFEXITED(status) && WEXITSTATUS(status) == 0, "with status 0 (%#x)", status);
	report(bpf_programs_gone(), "and leaves no BPF program");
}

int main(int argc, char **argv)
{
	bool serving;

	if (argc != 2)
		return 2;
	serving = start_vigie(argv[1]);
	report(serving, "vigie serve gets ready");
	if (!serving)
		return 1;
	check_cpu();
	check_forks();
	check_storm();
	check_memory();
	check_moved();
	check_books();
	check_privileges();
	check_stop();
	return failures ? 1 : 0;
}
