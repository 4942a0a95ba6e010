// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_model.c - names, labels, gauges, host totals, delays and OOM kills of single snapshots.
 */
#include "world.h"

static struct world w;

static struct model *make(unsigned int nkeys, enum group_key a, enum group_key b)
{
	struct model_config config;
	struct model *model;

	model_config_default(&config);
	config.nkeys = nkeys;
	config.keys[0] = a;
	config.keys[1] = b;
	model = model__new(&config);
	assert_non_null(model);
	memset(&w, 0, sizeof(w));
	return model;
}

static void test_labels(void **state)
{
	struct model *model = make(2, KEY_UNIT, KEY_COMM);
	const struct view *view;

	(void)state;
	world_next(&w, SECOND);
	world_cgroup(&w, 7, "/system.slice/ssh.service");
	world_cgroup(&w, 1, "/");
	world_cgroup(&w, 8, "/(kernel)");
	world_process(&w, 1, "systemd", 1);
	world_process(&w, 2, "kworker/0:1", 1)->flags = VIGIE_TASK_KTHREAD;
	world_process(&w, 3, "kworker/u9:2", 1)->flags = VIGIE_TASK_KTHREAD;
	w.processes[2].inc.system_ns = SECOND; /* or it would be one of the other kernel threads */
	world_process(&w, 4, "sshd", 7);
	world_process(&w, 5, "a\nb", 7);
	world_process(&w, 6, "", 99);
	world_process(&w, 7, "evil/0", 8);
	view = world_apply(&w, model);
	assert_int_equal(view->ngroups, 7);
	assert_int_equal(find_group(view, "(kernel)", GROUP_KERNEL_REST)->processes, 0);
	assert_non_null(find_group(view, "/", "systemd"));
	assert_non_null(find_group(view, "ssh.service", "sshd"));
	assert_non_null(find_group(view, "ssh.service", "a\\x0ab"));
	assert_non_null(find_group(view, "(unknown cgroup)", "(no name)"));
	assert_non_null(find_group(view, "\\x28kernel)", "evil/0"));
	assert_int_equal(find_group(view, "(kernel)", "kworker")->processes, 2);
	assert_true(find_group(view, "(kernel)", "kworker")->kernel);
	assert_false(find_group(view, "ssh.service", "sshd")->kernel);
	assert_string_equal(view->other.label[0], GROUP_OTHER);
	assert_string_equal(view->other.label[1], GROUP_OTHER);
	assert_int_equal(view->groups_known, 7);
	assert_int_equal(find_group(view, "ssh.service", "sshd")->pid, 0); /* no KEY_PID */
	model__free(model);
}

/* Nobody can make a series that looks like "other". */
/* iowait falls by a little, and a CPU takes its idle time along as it goes and brings it back. */
static void test_host_counters_never_run_backwards(void **state)
{
	static const struct {
		__u64 idle_s, iowait_ms, shown_idle_s, shown_iowait_ms;
	} steps[] = {
		{ 5000, 700, 5000, 700 }, { 5002, 690, 5002, 700 }, { 3001, 699, 5002, 700 },
		{ 3003, 703, 5004, 703 }, { 5104, 704, 5004, 704 }, { 5106, 705, 5006, 705 },
	};
	struct model *model = make(1, KEY_UNIT, KEY_UNIT);
	const struct view *view;
	__u64 idle_ns = 0;
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		world_next(&w, SECOND);
		w.snapshot.host.cpu.idle_ns = steps[i].idle_s * SECOND;
		w.snapshot.host.cpu.iowait_ns = steps[i].iowait_ms * SECOND / 1000;
		view = world_apply(&w, model);
		assert_int_equal(view->host.cpu.idle_ns, steps[i].shown_idle_s * SECOND);
		assert_int_equal(view->host.cpu.iowait_ns,
				 steps[i].shown_iowait_ms * SECOND / 1000);
		idle_ns += view->host_inc.idle_ns;
	}
	assert_int_equal(idle_ns, 6 * SECOND);
	model__free(model);
}

static void test_other_cannot_be_forged(void **state)
{
	struct model *model = make(1, KEY_UNIT, KEY_UNIT);
	const struct view *view;

	(void)state;
	world_next(&w, SECOND);
	world_cgroup(&w, 7, "/" GROUP_OTHER);
	world_process(&w, 1, "x", 7);
	view = world_apply(&w, model);
	assert_int_equal(view->ngroups, 1);
	assert_string_not_equal(view->groups[0].label[0], GROUP_OTHER);
	model__free(model);
}

static const char *user_name(void *ctx, __u32 uid)
{
	assert_ptr_equal(ctx, &w);
	return uid == 0 ? "root" : uid == 1 ? "a\tb" : NULL;
}

static void test_user_exe_pid_cgroup(void **state)
{
	struct model_config config;
	struct model *model;
	const struct view *view;
	struct process *p;

	(void)state;
	memset(&w, 0, sizeof(w));
	model_config_default(&config);
	config.nkeys = 4;
	config.keys[0] = KEY_PID;
	config.keys[1] = KEY_USER;
	config.keys[2] = KEY_EXE;
	config.keys[3] = KEY_CGROUP;
	config.user_name = user_name;
	config.user_ctx = &w;
	model = model__new(&config);
	world_next(&w, SECOND);
	world_cgroup(&w, 7, "/a/b\xff");
	p = world_process(&w, 10, "x", 7);
	p->uid = 1;
	p->ppid = 3;
	p->life_cpu_ns = 77;
	memcpy(p->exe, "prog", 4);
	world_process(&w, 11, "x", 8)->uid = 1000;
	view = world_apply(&w, model);
	assert_string_equal(view->groups[0].label[0], "10");
	assert_string_equal(view->groups[0].label[1], "a\\x09b");
	assert_string_equal(view->groups[0].label[2], "prog");
	assert_string_equal(view->groups[0].label[3], "/a/b\\xff");
	assert_int_equal(view->groups[0].pid, 10);
	assert_int_equal(view->groups[0].ppid, 3);
	assert_int_equal(view->groups[0].uid, 1);
	assert_int_equal(view->groups[0].start_ns, 10);
	assert_int_equal(view->groups[0].life_cpu_ns, 77);
	assert_string_equal(view->groups[1].label[1], "1000");
	assert_string_equal(view->groups[1].label[2], "(unknown)");
	assert_string_equal(view->groups[1].label[3], "(unknown cgroup)");
	assert_int_equal(view->nunits, 0);
	model__free(model);
}

/* The path of docker in a pod of a kind cluster, and two that are too long even so. */
static void test_long_cgroup_paths(void **state)
{
#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	static const char kind[] =
		"/system.slice/docker-" ID ".scope/kubelet.slice/kubelet-kubepods.slice"
		"/kubelet-kubepods-besteffort.slice/kubelet-kubepods-besteffort-"
		"pod6f1c2a3b_4d5e_6f70_8192_a3b4c5d6e7f8.slice/cri-containerd-" ID
		".scope/docker/" ID;
	static char deep[2][4096];
	struct model *model = make(2, KEY_CGROUP, KEY_UNIT);
	const struct view *view;

	(void)state;
	assert_in_range(sizeof(kind), 300, 512);
	memset(deep, 'd', sizeof(deep) - 1);
	for (size_t i = 0; i < sizeof(deep[0]) - 8; i += 200)
		deep[0][i] = deep[1][i] = '/';
	deep[0][4095] = deep[1][4095] = '\0';
	deep[1][4094] = 'e';
	world_next(&w, SECOND);
	world_cgroup(&w, 7, kind);
	world_cgroup(&w, 8, deep[0]);
	world_cgroup(&w, 9, deep[1]);
	for (__u32 i = 7; i < 10; i++)
		world_process(&w, i, "x", i);
	view = world_apply(&w, model);
	assert_int_equal(view->ngroups, 3); /* what is cut stays apart */
	assert_non_null(find_group(view, kind, "docker-0123456789ab"));
	for (size_t i = 0; i < view->ngroups; i++) {
		const char *path = view->groups[i].label[0];

		if (!strcmp(path, kind))
			continue;
		assert_in_range(strlen(path), 1010, 1024);
		assert_memory_equal(path, deep[0], 1000);
		assert_int_equal(path[strlen(path) - 9], '~'); /* and says that it is cut */
	}
	for (size_t i = 0; i < view->nunits; i++)
		if (!strcmp(view->units[i].unit, "docker-0123456789ab"))
			assert_string_equal(view->units[i].cgroup, kind);
	model__free(model);
#undef ID
}

/* No cgroup's path begins so; a recording may say anything. */
static void test_paths_of_a_forged_recording(void **state)
{
	struct model *model = make(2, KEY_CGROUP, KEY_UNIT);
	char *path = calloc(1, 3000);
	const struct view *view;

	(void)state;
	assert_non_null(path);
	memset(path, 'x', 2999);
	path[0] = '(';
	world_next(&w, SECOND);
	world_cgroup(&w, 7, path);
	world_cgroup(&w, 8, "(");
	world_process(&w, 1, "x", 7);
	world_process(&w, 2, "x", 8);
	view = world_apply(&w, model);
	assert_non_null(find_group(view, "\\x28", "\\x28"));
	assert_int_equal(view->ngroups, 2);
	assert_memory_equal(view->groups[1].label[0], "\\x28xxxx", 8);
	assert_in_range(strlen(view->groups[1].label[0]), 1010, 1024);
	free(path);
	model__free(model);
}

static void test_raw_names_that_meet_are_merged(void **state)
{
	struct model *model = make(2, KEY_UNIT, KEY_COMM);
	const struct view *view;

	(void)state;
	world_next(&w, SECOND);
	world_cgroup(&w, 7, "/system.slice/a.service");
	world_cgroup(&w, 8, "/system.slice/a.service/sub");
	world_process(&w, 1, "x", 7)->inc.user_ns = 1;
	world_process(&w, 2, "x", 8)->inc.user_ns = 2;
	world_retired(&w, "x", 8)->value.inc.user_ns = 4;
	view = world_apply(&w, model);
	assert_int_equal(view->ngroups, 1);
	assert_int_equal(view->groups[0].total.user_ns, 7);
	assert_int_equal(view->groups[0].processes, 2);
	assert_int_equal(view->nunits, 1);
	assert_string_equal(view->units[0].cgroup, "/system.slice/a.service");
	assert_string_equal(view->units[0].runtime, "systemd");
	model__free(model);
}

/* A quadlet: the monitor's cgroup first, then the container's, then the next container's. */
static void test_newest_container_of_a_unit(void **state)
{
	struct model *model = make(2, KEY_UNIT, KEY_COMM);
	const struct view *view;
	static const char ids[2][65] = {
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
		"fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210",
	};
	char path[128];

	(void)state;
	world_next(&w, SECOND);
	world_cgroup(&w, 7, "/system.slice/web.service/runtime");
	world_process(&w, 1, "conmon", 7);
	view = world_apply(&w, model);
	assert_string_equal(view->units[0].container_id, "");
	assert_string_equal(view->units[0].runtime, "systemd");
	for (int i = 0; i < 2; i++) {
		world_next(&w, SECOND);
		snprintf(path, sizeof(path), "/system.slice/web.service/libpod-payload-%s", ids[i]);
		world_cgroup(&w, 7, "/system.slice/web.service/runtime");
		world_cgroup(&w, 8 + i, path);
		world_process(&w, 1, "conmon", 7);
		world_process(&w, 2 + i, "nginx", 8 + i)->inc.user_ns = 5;
		view = world_apply(&w, model);
		assert_int_equal(view->nunits, 1);
		assert_string_equal(view->units[0].unit, "web.service");
		assert_string_equal(view->units[0].container_id, ids[i]);
		assert_string_equal(view->units[0].runtime, "podman");
	}
	assert_int_equal(user_ns(view, "web.service", "nginx"), 10); /* one series */
	world_next(&w, SECOND); /* a process of the first container that was not seen before */
	snprintf(path, sizeof(path), "/system.slice/web.service/libpod-payload-%s", ids[0]);
	world_cgroup(&w, 8, path);
	world_process(&w, 9, "late", 8);
	view = world_apply(&w, model);
	assert_string_equal(view->units[0].container_id, ids[1]);
	model__free(model);
}

static void test_guessed_units_are_counted(void **state)
{
	struct model *model = make(2, KEY_UNIT, KEY_COMM);
	const struct view *view;

	(void)state;
	world_next(&w, SECOND);
	world_cgroup(&w, 7, "/what/ever");
	world_cgroup(&w, 8, "/system.slice/a.service");
	world_process(&w, 1, "x", 7);
	world_process(&w, 2, "y", 7);
	world_process(&w, 3, "x", 8);
	world_process(&w, 4, "z", 9); /* no name is no guess */
	view = world_apply(&w, model);
	assert_int_equal(view->units_guessed, 1);
	for (int i = 0; i < 3; i++) {
		world_next(&w, 6 * MINUTE);
		view = world_apply(&w, model);
	}
	assert_int_equal(view->units_guessed, 0);
	model__free(model);
}

static void test_late_cgroup_name(void **state)
{
	struct model *model = make(2, KEY_UNIT, KEY_COMM);
	const struct view *view;
	int i;

	(void)state;
	world_next(&w, SECOND);
	world_process(&w, 1, "x", 7)->inc.user_ns = 1;
	world_apply(&w, model);
	world_next(&w, SECOND);
	world_cgroup(&w, 7, "/system.slice/a.service");
	world_process(&w, 1, "x", 7)->inc.user_ns = 10;
	view = world_apply(&w, model);
	assert_int_equal(user_ns(view, "(unknown cgroup)", "x"), 1);
	assert_int_equal(user_ns(view, "a.service", "x"), 10);
	world_next(&w, SECOND); /* renamed */
	world_cgroup(&w, 7, "/system.slice/b.service");
	world_process(&w, 1, "x", 7)->inc.user_ns = 100;
	view = world_apply(&w, model);
	assert_int_equal(user_ns(view, "a.service", "x"), 10);
	assert_int_equal(user_ns(view, "b.service", "x"), 100);
	/* Nobody is remembered for ever, whatever names led there. */
	for (i = 0; i < 3; i++) {
		world_next(&w, 6 * MINUTE);
		view = world_apply(&w, model);
	}
	assert_int_equal(view->groups_known, 0);
	assert_int_equal(view->retired_cpu.user_ns, 111);
	model__free(model);
}

static void test_comm_after_exec_and_pid_reuse(void **state)
{
	struct model *model = make(1, KEY_COMM, KEY_COMM);
	const struct view *view;

	(void)state;
	world_next(&w, SECOND);
	world_process(&w, 1, "sh", 0)->inc.user_ns = 5;
	world_apply(&w, model);
	world_next(&w, SECOND);
	world_process(&w, 1, "make", 0)->inc.user_ns = 7;
	world_apply(&w, model);
	world_next(&w, SECOND);
	world_process(&w, 1, "sh", 0)->start_ns = 4242;
	w.processes[0].inc.user_ns = 1;
	view = world_apply(&w, model);
	assert_int_equal(user_ns(view, "sh", NULL), 6);
	assert_int_equal(user_ns(view, "make", NULL), 7);
	assert_false(find_group(view, "make", NULL)->live);
	model__free(model);
}

static void test_gauges_and_peak(void **state)
{
	struct model *model = make(1, KEY_COMM, KEY_COMM);
	const struct view *view;
	struct process *p;
	int i;

	(void)state;
	world_next(&w, SECOND);
	p = world_process(&w, 1, "x", 0);
	p->rss_pages[VIGIE_RSS_ANON] = 10;
	p->rss_pages[VIGIE_RSS_SWAP] = 1000;
	p->peak_pages = 5; /* less than is resident: believed no further than that */
	p = world_process(&w, 2, "x", 0);
	p->rss_pages[VIGIE_RSS_FILE] = 3;
	p->peak_pages = 30;
	p->threads = 4;
	p = world_process(&w, 3, "x", 0);
	p->flags = VIGIE_TASK_ZOMBIE;
	p->threads = 0;
	world_retired(&w, "x", 0)->value.peak_pages = 39;
	view = world_apply(&w, model);
	assert_int_equal(view->groups[0].processes, 2);
	assert_int_equal(view->groups[0].threads, 5);
	assert_int_equal(view->groups[0].rss_bytes[VIGIE_RSS_ANON], 10 * PAGE);
	assert_int_equal(view->groups[0].rss_bytes[VIGIE_RSS_SWAP], 1000 * PAGE);
	assert_int_equal(view->groups[0].peak_bytes, 40 * PAGE); /* 10 + 30 together */
	/* Remembered for the window, however often somebody looks, then forgotten. */
	for (i = 0; i < 60; i++) {
		world_next(&w, SECOND);
		world_process(&w, 1, "x", 0)->rss_pages[VIGIE_RSS_ANON] = 10;
		view = world_apply(&w, model);
		assert_int_equal(view->groups[0].peak_bytes, 40 * PAGE);
	}
	world_next(&w, 15 * SECOND);
	world_process(&w, 1, "x", 0)->rss_pages[VIGIE_RSS_ANON] = 10;
	view = world_apply(&w, model);
	assert_int_equal(view->groups[0].peak_bytes, 10 * PAGE);
	/* The largest single dead process, where the living had less. */
	world_next(&w, SECOND);
	world_process(&w, 1, "x", 0)->rss_pages[VIGIE_RSS_ANON] = 10;
	world_retired(&w, "x", 0)->value.peak_pages = 70;
	view = world_apply(&w, model);
	assert_int_equal(view->groups[0].peak_bytes, 70 * PAGE);
	model__free(model);
}

static void test_retired_other_goes_to_other(void **state)
{
	struct model *model = make(1, KEY_COMM, KEY_COMM);
	const struct view *view;
	struct retired *r;

	(void)state;
	world_next(&w, SECOND);
	r = world_retired(&w, "", 0);
	r->key.flags = VIGIE_TASK_OTHER;
	r->value.inc.system_ns = 9;
	r->value.peak_pages = 2;
	view = world_apply(&w, model);
	assert_int_equal(view->ngroups, 0);
	assert_int_equal(view->other.total.system_ns, 9);
	assert_int_equal(view->other.inc.system_ns, 9);
	assert_int_equal(view->other.peak_bytes, 2 * PAGE);
	model__free(model);
}

static void test_host(void **state)
{
	struct model *model = make(1, KEY_COMM, KEY_COMM);
	struct host *host = &w.snapshot.host;
	const struct view *view;

	(void)state;
	world_next(&w, 0);
	w.snapshot.slices = (struct vigie_slices){ .sum_ns = 100, .count = { 1, 2 } };
	host->context_switches = 50;
	view = world_apply(&w, model);
	assert_int_equal(view->host_cpu.user_ns, 0);
	assert_int_equal(view->interval_ns, 0);
	assert_int_equal(view->slices.sum_ns, 0);
	world_next(&w, 2 * SECOND);
	host->cpu.user_ns += 10;
	host->cpu.nice_ns += 20;
	host->cpu.system_ns += 100;
	host->cpu.irq_ns += 200;
	host->cpu.softirq_ns += 400;
	host->cpu.idle_ns += 5000;
	host->context_switches += 8;
	host->forks += 3;
	w.snapshot.slices.sum_ns += 7;
	w.snapshot.slices.count[1] += 1;
	world_process(&w, 1, "x", 0)->inc = (struct vigie_usage){ .user_ns = 12,
								  .system_ns = 1000 };
	view = world_apply(&w, model);
	assert_int_equal(view->host_cpu.user_ns, 30);
	assert_int_equal(view->unattributed_cpu.user_ns, 18);
	assert_int_equal(view->host_cpu.system_ns, 1000); /* processes are ahead of /proc/stat */
	assert_int_equal(view->unattributed_cpu.system_ns, 0);
	assert_int_equal(view->host_inc.idle_ns, 5000);
	assert_int_equal(view->host_inc.softirq_ns, 400);
	assert_int_equal(view->host_switches_inc, 8);
	assert_int_equal(view->host_forks_inc, 3);
	assert_int_equal(view->slices.sum_ns, 7);
	assert_int_equal(view->slices.count[0], 0);
	assert_int_equal(view->slices.count[1], 1);
	assert_int_equal(view->interval_ns, 2 * SECOND);
	world_next(&w, SECOND); /* /proc/stat runs backwards: nothing of ours does */
	host->cpu.user_ns -= 25;
	view = world_apply(&w, model);
	assert_int_equal(view->host_cpu.user_ns, 30);
	assert_int_equal(view->host_inc.user_ns, 0);
	w.snapshot.time_ns -= 5 * SECOND; /* so does time */
	view = world_apply(&w, model);
	assert_int_equal(view->interval_ns, 0);
	model__free(model);
}

static void test_ooms(void **state)
{
	struct model *model = make(2, KEY_UNIT, KEY_COMM);
	const struct view *view;
	struct vigie_oom_event *oom = w.ooms;

	(void)state;
	world_next(&w, SECOND);
	world_cgroup(&w, 7, "/system.slice/a.service");
	world_process(&w, 30, "alive", 7);
	w.snapshot.nooms = 2;
	oom[0] = (struct vigie_oom_event){ .victim_tgid = 20,
					   .trigger_tgid = 30,
					   .victim_cgroup_id = 7,
					   .victim_pages = 5,
					   .time_ns = 123,
					   .victim_comm = "dead\x01",
					   .trigger_comm = "alive" };
	oom[1] = oom[0];
	oom[1].trigger_tgid = 20;
	memcpy(oom[1].trigger_comm, oom[1].victim_comm, VIGIE_COMM_LEN);
	view = world_apply(&w, model);
	assert_int_equal(view->nooms, 2);
	assert_string_equal(view->ooms[0].victim, "a.service/dead\\x01");
	assert_string_equal(view->ooms[0].victim_comm, "dead\\x01");
	assert_string_equal(view->ooms[0].trigger, "a.service/alive");
	assert_string_equal(view->ooms[1].trigger, "a.service/dead\\x01");
	assert_int_equal(view->ooms[0].victim_bytes, 5 * PAGE);
	assert_int_equal(view->ooms[0].victim_pid, 20);
	assert_int_equal(view->ngroups, 1); /* no group is made for a name */
	world_next(&w, SECOND);
	view = world_apply(&w, model);
	assert_int_equal(view->nooms, 0);
	model__free(model);
}

static void test_bad_configurations(void **state)
{
	struct model_config good, bad;

	(void)state;
	model_config_default(&good);
	bad = good;
	bad.nkeys = 0;
	assert_null(model__new(&bad));
	bad = good;
	bad.keys[1] = bad.keys[0];
	assert_null(model__new(&bad));
	bad = good;
	bad.keys[0] = GROUP_KEYS;
	assert_null(model__new(&bad));
	bad = good;
	bad.nkeys = GROUP_KEYS + 1;
	assert_null(model__new(&bad));
	bad = good;
	bad.max_groups = 0;
	assert_null(model__new(&bad));
	model__free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_host_counters_never_run_backwards),
		cmocka_unit_test(test_other_cannot_be_forged),
		cmocka_unit_test(test_user_exe_pid_cgroup),
		cmocka_unit_test(test_long_cgroup_paths),
		cmocka_unit_test(test_paths_of_a_forged_recording),
		cmocka_unit_test(test_raw_names_that_meet_are_merged),
		cmocka_unit_test(test_newest_container_of_a_unit),
		cmocka_unit_test(test_guessed_units_are_counted),
		cmocka_unit_test(test_late_cgroup_name),
		cmocka_unit_test(test_comm_after_exec_and_pid_reuse),
		cmocka_unit_test(test_gauges_and_peak),
		cmocka_unit_test(test_retired_other_goes_to_other),
		cmocka_unit_test(test_host),
		cmocka_unit_test(test_ooms),
		cmocka_unit_test(test_bad_configurations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
