/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * session.h - one profiling session, from whom to look at to what was found.
 *
 * Owns: the order of things; turning raw stacks and times into a profile whose sums are the
 * kernel's own figures. One at a time.
 */
#ifndef VIGIE_PROFILE_SESSION_H
#define VIGIE_PROFILE_SESSION_H

#include <stdbool.h>
#include <sys/types.h>

#include "data/profile.h"
#include "data/session_plan.h"

struct session;

/* What a cgroup is called. */
struct session_cgroup {
	char path[4096]; /* raw */
	char unit[128];
};

struct session_config {
	unsigned int hz, sleeper_hz;
	unsigned int views; /* 1 << enum profile_view */
	bool children;
	bool pointers; /* frame pointers instead of call frame information */
	size_t max_bytes; /* of the profile */
	size_t ring_bytes; /* a power of two */
	__u32 stack_bytes; /* see capture.h */
	double max_cost; /* of one CPU: 0.05 */
	int (*confine)(void); /* see symbolizer.h */
	struct session_plan plan; /* the caller's to fill: collect/plan.h */
	/* Names a cgroup by its id. 0 or -ENOENT. NULL: nobody can. */
	int (*name_cgroup)(void *ctx, __u64 id, struct session_cgroup *ret);
	void *cgroup_ctx;
};

void session_config_default(struct session_config *config);

/* Loads, attaches, looks at nobody. 0 or -errno with what failed (static). */
int session__open(const struct session_config *config, struct session **ret, const char **ret_what);
void session__free(struct session *s); /* accepts NULL */

int session__add(struct session *s, pid_t pid); /* before the begin. 0 or -errno */
int session__begin(struct session *s);
/* Works for at most timeout_ms. Returns why it should end now, or PROFILE_STOP_NONE; or -errno. */
int session__step(struct session *s, int timeout_ms);
/* Ends it and makes the profile, which is the caller's. about's strings are the caller's to fill. */
int session__finish(struct session *s, enum profile_stop why, struct profile **ret,
		    const char **ret_what);

/* For progress. */
struct session_stat {
	__u64 elapsed_ns, stacks, lost;
	__u64 cost_ns; /* CPU time of the session in user space */
};
void session__stat(const struct session *s, struct session_stat *ret);
/* What this kernel does not give, a text each; "" where nothing is missing. */
const char *session__gap(const struct session *s, enum profile_view view);

#endif
