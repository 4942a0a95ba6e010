// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_profile_parties.c - report/: who ran while a thread waited, and who was waited for,
 * in the formats that show them.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "profile_made.h"
#include "report/formats.h"

enum { MAX_BYTES = 64 << 20 };

enum format { TEXT, JSON };

/* As a text; free it. */
static char *text_of(enum format format, const struct profile *p)
{
	const struct profile_text_options text = { .colour = true };
	struct buf out;

	buf_init(&out, MAX_BYTES);
	if (format == JSON)
		profile_json_encode(&out, p);
	else
		profile_text_encode(&out, p, NULL, &text);
	buf_char(&out, '\0');
	assert_int_equal(out.err, 0);
	return out.data;
}

/* One process, one thread. */
struct small {
	struct made m;
	__u32 thread;
};

static void small_init(struct small *s)
{
	struct profile_process process = { .pid = 7 };
	__u32 at;

	s->m = (struct made){ .p = profile__new(MAX_BYTES) };
	assert_non_null(s->m.p);
	process.comm = made_string(&s->m, "a;b 1");
	assert_int_equal(profile_process(s->m.p, &process, &at), 0);
	s->thread = made_thread(&s->m, at, 7, "t");
}

/* --- The run queue by where who ran belongs. */

static void relations_fill(struct small *s)
{
	static const char *const paths[] = { "/own.slice", "/far.slice/far.service", "" };
	__u32 i, path, at;

	assert_int_equal(profile_cgroup(s->m.p, "/own.slice", "own.slice", &path), 0);
	s->m.p->processes[0].cgroup = path;
	assert_int_equal(profile_cgroup(s->m.p, paths[1], "far.service", &path), 0);
	for (i = 0; i < 3; i++) {
		struct profile_party party = { .kind = PROFILE_PARTY_PROCESS, .pid = 10 + i };

		party.comm = made_string(&s->m, "ran");
		party.cgroup = made_string(&s->m, paths[i]);
		assert_int_equal(profile_party(s->m.p, &party, &at), 0);
		made_add(&s->m, PROFILE_RUN_QUEUE, s->thread, 0, at, 0, 1000000000ull << i);
	}
	made_add(&s->m, PROFILE_RUN_QUEUE, s->thread, 0,
		 made_party(&s->m, PROFILE_PARTY_KTHREAD, 2, 0, "kswapd0"), 0, 8000000000);
	s->m.p->beside.has_steal = 1;
	s->m.p->beside.steal_ns = 250000000;
	assert_int_equal(s->m.err, 0);
}

static void test_relations(void **state)
{
	struct small s;
	struct buf page;
	char *text;

	small_init(&s);
	relations_fill(&s);
	text = text_of(TEXT, s.m.p);
	assert_non_null(strstr(text, "   53.3%      8.000 s  kernel threads\n"));
	assert_non_null(strstr(text, "   26.7%      4.000 s  not told apart\n"));
	assert_non_null(strstr(text, "   13.3%      2.000 s  another cgroup far.service\n"));
	assert_non_null(strstr(text, "    6.7%      1.000 s  same cgroup    own.slice\n"));
	assert_non_null(strstr(text, "0.250 s  stolen"));
	free(text);
	text = text_of(JSON, s.m.p);
	assert_non_null(strstr(text, "\"run_queue\":{\"ns\":{\"same_cgroup\":1000000000,"
				     "\"other_cgroup\":2000000000,\"kernel_threads\":8000000000,"
				     "\"idle\":0,\"untold\":4000000000},\"steal_ns\":250000000}"));
	assert_non_null(strstr(text, "\"relation\":\"other_cgroup\""));
	assert_non_null(strstr(text, "\"unit\":\"far.service\""));
	free(text);
	buf_init(&page, MAX_BYTES);
	profile_html_encode(&page, s.m.p, NULL);
	buf_char(&page, '\0');
	assert_int_equal(page.err, 0);
	assert_non_null(strstr(page.data, "another cgroup: far.service</th><td>2.000000000"));
	assert_non_null(strstr(page.data, "stolen from all CPUs</th><td>0.250000000"));
	buf_done(&page);
	profile__free(s.m.p);
}

/* --- Chains of wakers. */

static void test_chains(void **state)
{
	struct profile_chain chain = { .n = 2,
				       .wait_reason = { VIGIE_WAIT_PIPE, VIGIE_WAIT_LOCK },
				       .count = 3,
				       .ns = 3000000000 };
	struct small s;
	struct buf page;
	char *text;

	small_init(&s);
	chain.thread = s.thread;
	chain.party[0] = made_party(&s.m, PROFILE_PARTY_THREAD, 7, 8, "<next>");
	chain.party[1] = made_party(&s.m, PROFILE_PARTY_TIMER, 0, 0, "");
	assert_int_equal(profile_chain(s.m.p, &chain), 0);
	/* Of one hop: in the sum, without a row. */
	chain.n = 1;
	chain.ns = 1000000000;
	assert_int_equal(profile_chain(s.m.p, &chain), 0);
	made_add(&s.m, PROFILE_WAKERS, s.thread, 0, chain.party[0], 6, 4000000000);
	text = text_of(TEXT, s.m.p);
	assert_non_null(
		strstr(text, "   75.0%      3.000 s  t pipe < <next> (7/8): lock < (timer)\n"));
	free(text);
	text = text_of(JSON, s.m.p);
	assert_non_null(strstr(text, "\"count\":3,\"ns\":3000000000,\"hops\":[{\"reason\":\"pipe\","
				     "\"party\":0},{\"reason\":\"lock\",\"party\":1}]}"));
	free(text);
	buf_init(&page, MAX_BYTES);
	profile_html_encode(&page, s.m.p, NULL);
	buf_char(&page, '\0');
	assert_int_equal(page.err, 0);
	assert_non_null(strstr(page.data, "t: pipe &lt; &lt;next&gt; (7/8): lock &lt; (timer)"
					  "</th><td>3.000000000"));
	buf_done(&page);
	profile__free(s.m.p);
}

/* --- From where a waker woke: the function that says most; who has no stack has no row. */

static __u32 kernel_node(struct small *s, __u32 parent, __u64 address, const char *name)
{
	return made_node(&s->m, parent,
			 made_frame(&s->m, 0, PROFILE_FRAME_KERNEL, address, name, NULL, ""));
}

static void test_woken_from(void **state)
{
	struct small s;
	__u32 holder, timer, node;
	char *text;

	small_init(&s);
	holder = made_party(&s.m, PROFILE_PARTY_THREAD, 7, 8, "holder");
	timer = made_party(&s.m, PROFILE_PARTY_TIMER, 0, 0, "");
	node = kernel_node(&s, 0, 1, "vfs_write");
	node = kernel_node(&s, node, 2, "__wake_up_sync_key");
	node = kernel_node(&s, node, 3, "try_to_wake_up");
	made_add(&s.m, PROFILE_WAKERS, s.thread, node, holder, 1, 3000000000);
	made_add(&s.m, PROFILE_WAKERS, s.thread, 0, timer, 1, 1000000000);
	text = text_of(TEXT, s.m.p);
	assert_non_null(strstr(text, "WOKEN FROM, % of off-CPU time"));
	assert_non_null(strstr(text, "   75.0%      3.000 s  holder (7/8) vfs_write\n"));
	assert_null(strstr(text, "(no stack)"));
	free(text);
	profile__free(s.m.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_relations),
		cmocka_unit_test(test_chains),
		cmocka_unit_test(test_woken_from),
	};

	return cmocka_run_group_tests_name("profile_parties", tests, NULL, NULL);
}
