// SPDX-License-Identifier: GPL-2.0-only
/* test_workload.c - what a unit is called after its container, and that it stays so after a restart. */
#include "world.h"

#include "model/workload.h"

#define ID_A           \
	"f098542e7fa5" \
	"0123456789abcdef0123456789abcdef0123456789abcdef0123"
#define ID_B           \
	"0f1e2d3c4b5a" \
	"0123456789abcdef0123456789abcdef0123456789abcdef0123"
#define UID "12345678-1234-1234-1234-123456789abc"

static struct world w;

/* Names of pods that Kubernetes made (documentation, issues), and names that only look like it. */
static void pods(void **state)
{
	static const struct {
		const char *pod, *workload;
	} table[] = {
		{ "nginx-deployment-66b6c48dd5-7w7xt", "nginx-deployment" },
		{ "coredns-5d78c9869d-bxkzj", "coredns" },
		{ "metrics-server-v1.9-7d4b9c6f5-x2x8k", "metrics-server-v1.9" },
		{ "kube-proxy-qp7t5", "kube-proxy" },
		{ "hello-27845670-4xjwd", "hello" },
		{ "hello-1618585500-hbxqf", "hello" },
		{ "pi-2-xkcdz", "pi-2" }, /* an indexed Job */
		{ "db-0", "db-0" }, /* a StatefulSet */
		{ "etcd-control-plane", "etcd-control-plane" }, /* a static pod */
		{ "web-abcde", "web-abcde" }, /* vowels */
		{ "7w7xt", "7w7xt" },
		{ "-7w7xt", "-7w7xt" },
		{ "web-12345678", "web-12345678" },
		{ "", "" },
	};
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		assert_int_equal(workload_len(table[i].pod), strlen(table[i].workload));
		assert_memory_equal(table[i].pod, table[i].workload, strlen(table[i].workload));
	}
}

static void units(void **state)
{
	static const struct {
		const char *path;
		struct container container;
		const char *unit;
	} table[] = {
		{ "/docker/" ID_A, { { "web", "", "", "", "" } }, "docker-web" },
		{ "/system.slice/docker-" ID_A ".scope",
		  { { "shop.2.abcdefghijklmnopqrstuvwxy", "", "", "", "" } },
		  "docker-shop.2" },
		{ "/system.slice/docker-" ID_A ".scope",
		  { { "a.abcdefghijklmnopqrstuvwxy", "", "", "", "" } },
		  "docker-a.abcdefghijklmnopqrstuvwxy" },
		{ "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID_A ".scope",
		  { { "web", "", "", "", "alice" } },
		  "podman-web@alice" },
		{ "/machine.slice/libpod-" ID_A ".scope/container",
		  { { "web", "", "", "", "" } },
		  "podman-web" },
		{ "/system.slice/nerdctl-" ID_A ".scope",
		  { { "web", "", "prod", "", "" } },
		  "nerdctl-prod/web" },
		{ "/kubepods/besteffort/pod" UID "/" ID_A,
		  { { "app", "web-66b6c48dd5-7w7xt", "shop", "", "" } },
		  "shop/web/app" },
		/* /var/log/pods does not say which container. */
		{ "/kubepods/besteffort/pod" UID "/" ID_A,
		  { { "", "web-66b6c48dd5-7w7xt", "shop", "", "" } },
		  "shop/web/cri-f098542e7fa5" },
		/* Not made of an id: a service that runs a container stays what it is. */
		{ "/system.slice/web.service", { { "web", "", "", "", "" } }, "web.service" },
	};
	struct unit unit;
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		unit_from_path(table[i].path, &unit);
		unit_name_workload(&unit, &table[i].container);
		assert_string_equal(unit.name, table[i].unit);
	}
}

/* Two names that differ beyond the end of a unit's name stay two. */
static void long_names_stay_distinct(void **state)
{
	char pod_a[254], pod_b[254];
	struct container container = { { "app", pod_a, "shop", "", "" } };
	struct unit a, b;

	memset(pod_a, 'x', sizeof(pod_a));
	pod_a[253] = '\0';
	memcpy(pod_b, pod_a, sizeof(pod_a));
	pod_b[252] = 'o';
	unit_from_path("/docker/" ID_A, &a);
	b = a;
	unit_name_workload(&a, &container);
	container.text[CONTAINER_POD] = pod_b;
	unit_name_workload(&b, &container);
	assert_int_equal(strlen(a.name), sizeof(a.name) - 1);
	assert_string_not_equal(a.name, b.name);
}

static struct model *make(bool unit_ids)
{
	struct model_config config;
	struct model *model;

	model_config_default(&config);
	config.unit_ids = unit_ids;
	model = model__new(&config);
	assert_non_null(model);
	memset(&w, 0, sizeof(w));
	return model;
}

static void step(const char *id, __u64 cgroup, const struct container *container)
{
	static char paths[4][128]; /* the snapshot keeps them */

	world_next(&w, SECOND);
	snprintf(paths[cgroup], sizeof(paths[cgroup]), "/docker/%s", id);
	world_cgroup(&w, cgroup, paths[cgroup]);
	w.cgroups[0].container = container;
	world_process(&w, 10 + cgroup, "nginx", cgroup)->inc.user_ns = SECOND / 10;
}

static const struct unit_view *unit_of(const struct view *view, const char *name)
{
	size_t i;

	for (i = 0; i < view->nunits; i++)
		if (!strcmp(view->units[i].unit, name))
			return &view->units[i];
	fail_msg("no unit %s", name);
	return NULL;
}

/* Removed and made anew: the series goes on, and its unit is told of the new one. */
static void a_restart_goes_on(void **state)
{
	static const struct container web = { { "web", "", "", "nginx:1", "" } };
	static const struct container again = { { "web", "", "", "nginx:2", "" } };
	struct model *model = make(false);
	const struct unit_view *unit;
	const struct view *view;
	int i;

	for (i = 0; i < 3; i++) {
		step(ID_A, 1, &web);
		view = world_apply(&w, model);
	}
	unit = unit_of(view, "docker-web");
	assert_string_equal(unit->container_id, ID_A);
	assert_string_equal(unit->image, "nginx:1");
	step(ID_B, 2, &again);
	view = world_apply(&w, model);
	assert_int_equal(user_ns(view, "docker-web", "nginx"), 4 * SECOND / 10);
	unit = unit_of(view, "docker-web");
	assert_string_equal(unit->container_id, ID_B);
	assert_string_equal(unit->container_name, "web");
	assert_string_equal(unit->image, "nginx:2");
	assert_string_equal(unit->cgroup, "/docker/" ID_B);
	assert_int_equal(view->nunits, 1);
	model__free(model);
}

/* While both live the first keeps the place: labels do not change to and fro. */
static void the_living_keep_their_place(void **state)
{
	static const struct container web = { { "web", "", "", "", "" } };
	struct model *model = make(false);
	const struct view *view;
	int i;

	for (i = 0; i < 3; i++) {
		step(ID_A, 1, &web);
		if (i) {
			world_cgroup(&w, 2, "/docker/" ID_B);
			w.cgroups[1].container = &web;
			world_process(&w, 20, "nginx", 2);
		}
		view = world_apply(&w, model);
		assert_string_equal(unit_of(view, "docker-web")->container_id, ID_A);
	}
	/* The first goes, with nothing new: now it is the other's. */
	world_next(&w, SECOND);
	world_cgroup(&w, 2, "/docker/" ID_B);
	w.cgroups[0].container = &web;
	world_process(&w, 20, "nginx", 2);
	view = world_apply(&w, model);
	assert_string_equal(unit_of(view, "docker-web")->container_id, ID_B);
	model__free(model);
}

/* What was counted stays where it was; from then on it goes to the name. */
static void a_late_name_moves_nothing(void **state)
{
	static const struct container web = { { "web", "", "", "", "" } };
	struct model *model = make(false);
	const struct view *view;
	int i;

	for (i = 0; i < 2; i++) {
		step(ID_A, 1, NULL);
		view = world_apply(&w, model);
	}
	assert_int_equal(user_ns(view, "docker-f098542e7fa5", "nginx"), 2 * SECOND / 10);
	for (i = 0; i < 3; i++) {
		step(ID_A, 1, &web);
		view = world_apply(&w, model);
	}
	assert_int_equal(user_ns(view, "docker-f098542e7fa5", "nginx"), 2 * SECOND / 10);
	assert_int_equal(user_ns(view, "docker-web", "nginx"), 3 * SECOND / 10);
	assert_int_equal(find_group(view, "docker-f098542e7fa5", "nginx")->processes, 0);
	model__free(model);
}

static void ids_where_asked_for(void **state)
{
	static const struct container web = { { "web", "", "", "", "" } };
	struct model *model = make(true);
	const struct view *view;

	step(ID_A, 1, &web);
	view = world_apply(&w, model);
	assert_string_equal(unit_of(view, "docker-f098542e7fa5")->container_name, "web");
	model__free(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pods),
		cmocka_unit_test(units),
		cmocka_unit_test(long_names_stay_distinct),
		cmocka_unit_test(a_restart_goes_on),
		cmocka_unit_test(the_living_keep_their_place),
		cmocka_unit_test(a_late_name_moves_nothing),
		cmocka_unit_test(ids_where_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
