// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_runtimes.c - containers' names in files as each runtime writes them, below a root of our own,
 * and files that nobody should read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtimes/lookup.h"
#include "runtimes/parse.h"

#define ID "44e2ba42cbe3f098542e7fa50123456789abcdef0123456789abcdef01234567"
#define OTHER "1274034dc0b77c57f3c8f02945f310ea81e933ef081f0ae9e2d935621a652e8a"
#define UID "aaaa2b4a-f398-41c0-928b-049e1cc4ec40"

/* Of podman 4.3.1 (containers/storage), with one that CRI-O made beside it. */
#define STORAGE                                                                                \
	"[{\"id\":\"" OTHER "\",\"names\":[\"other\"],\"image\":\"\",\"metadata\":\"\"},"      \
	"{\"id\":\"" ID "\",\"names\":[\"web\"],\"image\":\"45200f\",\"layer\":\"f1b9\","      \
	"\"metadata\":\"{\\\"image-name\\\":\\\"localhost/box:1\\\",\\\"name\\\":\\\"web\\\"," \
	"\\\"created-at\\\":1796021305}\",\"created\":\"2026-11-30T06:48:25Z\"}]"

static char root[] = "/tmp/vigie-runtimes-XXXXXX";

static void put_bytes(const char *path, const void *data, size_t len)
{
	char full[1024], *slash;
	FILE *file;

	snprintf(full, sizeof(full), "%s%s", root, path);
	for (slash = strchr(full + sizeof(root), '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(full, 0755);
		*slash = '/';
	}
	file = fopen(full, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

static void put(const char *path, const char *text)
{
	put_bytes(path, text, strlen(text));
}

static void clean(const char *path)
{
	char full[1200];
	struct dirent *e;
	DIR *dir = opendir(path);

	while (dir && (e = readdir(dir))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		snprintf(full, sizeof(full), "%.900s/%s", path, e->d_name);
		if (unlink(full))
			clean(full);
	}
	if (dir)
		closedir(dir);
	rmdir(path);
}

static int begin(void **state)
{
	memcpy(root + strlen(root) - 6, "XXXXXX", 6);
	return !mkdtemp(root);
}

static int end(void **state)
{
	clean(root);
	return 0;
}

static int find_as(__u32 uid, struct container_packed *ret)
{
	struct lookup_ask ask = { .id = ID, .pod_uid = UID, .uid = uid };
	struct lookup lookup;
	int err;

	assert_true(lookup_ask_is_valid(&ask));
	lookup_open(&lookup, root, &ask);
	err = lookup_find(&lookup, &ask, ret);
	lookup_close(&lookup);
	assert_int_equal(!err, container_packed_is_valid(ret));
	return err;
}

static void finds(__u32 uid, const char *name, const char *pod, const char *namespace,
		  const char *image, const char *owner)
{
	struct container_packed got;

	assert_int_equal(find_as(uid, &got), 0);
	assert_string_equal(got.text[CONTAINER_NAME], name);
	assert_string_equal(got.text[CONTAINER_POD], pod);
	assert_string_equal(got.text[CONTAINER_NAMESPACE], namespace);
	assert_string_equal(got.text[CONTAINER_IMAGE], image);
	assert_string_equal(got.text[CONTAINER_OWNER], owner);
}

static void finds_none(__u32 uid, int err)
{
	struct container_packed got;

	assert_int_equal(find_as(uid, &got), err);
}

static void docker(void **state)
{
	put("/var/lib/docker/containers/" ID "/config.v2.json",
	    "{\"StreamConfig\":{},\"State\":{\"Running\":true,\"Pid\":4711},\"ID\":\"" ID
	    "\",\"Config\":{\"Hostname\":\"44e2ba42cbe3\",\"Env\":[\"A=b\"],"
	    "\"Image\":\"nginx:1.27\",\"Labels\":{\"maintainer\":\"x\","
	    "\"io.kubernetes.container.name\":\"liar\"}},\"Name\":\"/web\",\"RestartCount\":0}");
	finds(LOOKUP_NO_USER, "web", "", "", "nginx:1.27", "");
}

/* cri-dockerd, with the labels that it sets. */
static void docker_in_kubernetes(void **state)
{
	put("/var/lib/docker/containers/" ID "/config.v2.json",
	    "{\"Name\":\"/k8s_app_web-66b6c48dd5-7w7xt_shop_" UID "_0\",\"Config\":{\"Image\":"
	    "\"sha256:45200f\",\"Labels\":{\"io.kubernetes.container.name\":\"app\","
	    "\"io.kubernetes.pod.name\":\"web-66b6c48dd5-7w7xt\","
	    "\"io.kubernetes.pod.namespace\":\"shop\",\"io.kubernetes.pod.uid\":\"" UID "\"}}}");
	finds(LOOKUP_NO_USER, "app", "web-66b6c48dd5-7w7xt", "shop", "sha256:45200f", "");
}

static void containerd_cri(void **state)
{
	put("/run/containerd/io.containerd.runtime.v2.task/moby/" OTHER "/config.json", "{}");
	put("/run/containerd/io.containerd.runtime.v2.task/k8s.io/" ID "/config.json",
	    "{\"ociVersion\":\"1.1.0\",\"process\":{\"args\":[\"app\"]},\"annotations\":{"
	    "\"io.kubernetes.cri.container-name\":\"app\","
	    "\"io.kubernetes.cri.container-type\":\"container\","
	    "\"io.kubernetes.cri.image-name\":\"docker.io/library/nginx:1.27\","
	    "\"io.kubernetes.cri.sandbox-id\":\"" OTHER "\","
	    "\"io.kubernetes.cri.sandbox-name\":\"web-66b6c48dd5-7w7xt\","
	    "\"io.kubernetes.cri.sandbox-namespace\":\"shop\","
	    "\"io.kubernetes.cri.sandbox-uid\":\"" UID "\"}}");
	finds(LOOKUP_NO_USER, "app", "web-66b6c48dd5-7w7xt", "shop", "docker.io/library/nginx:1.27",
	      "");
}

static void containerd_sandbox(void **state)
{
	put("/run/k3s/containerd/io.containerd.runtime.v2.task/k8s.io/" ID "/config.json",
	    "{\"annotations\":{\"io.kubernetes.cri.container-type\":\"sandbox\","
	    "\"io.kubernetes.cri.sandbox-name\":\"db-0\","
	    "\"io.kubernetes.cri.sandbox-namespace\":\"shop\"}}");
	finds(LOOKUP_NO_USER, "POD", "db-0", "shop", "", "");
}

static void nerdctl(void **state)
{
	put("/run/containerd/io.containerd.runtime.v2.task/default/" ID "/config.json",
	    "{\"annotations\":{\"nerdctl/name\":\"web\",\"nerdctl/namespace\":\"default\"}}");
	finds(LOOKUP_NO_USER, "web", "", "", "", "");
}

static void nerdctl_namespace(void **state)
{
	put("/run/containerd/io.containerd.runtime.v2.task/prod/" ID "/config.json",
	    "{\"annotations\":{\"nerdctl/name\":\"web\",\"nerdctl/namespace\":\"prod\"}}");
	finds(LOOKUP_NO_USER, "web", "", "prod", "", "");
}

/* Where the bundle does not say it the name store does. */
static void nerdctl_names(void **state)
{
	put("/run/containerd/io.containerd.runtime.v2.task/prod/" ID "/config.json", "{}");
	put("/var/lib/nerdctl/1935db59/names/default/other", OTHER);
	put("/var/lib/nerdctl/1935db59/names/prod/web", ID "\n");
	put("/var/lib/nerdctl/1935db59/containers/prod/" ID "/hostname", "x");
	finds(LOOKUP_NO_USER, "web", "", "prod", "", "");
}

static void crio(void **state)
{
	put("/run/containers/storage/overlay-containers/" ID "/userdata/config.json",
	    "{\"annotations\":{\"io.container.manager\":\"cri-o\","
	    "\"io.kubernetes.container.name\":\"app\","
	    "\"io.kubernetes.cri-o.ContainerName\":\"k8s_app_db-0_shop_" UID "_0\","
	    "\"io.kubernetes.cri-o.ImageName\":\"quay.io/app:2\","
	    "\"io.kubernetes.pod.name\":\"db-0\",\"io.kubernetes.pod.namespace\":\"shop\"}}");
	finds(LOOKUP_NO_USER, "app", "db-0", "shop", "quay.io/app:2", "");
}

static void podman(void **state)
{
	put("/var/lib/containers/storage/overlay-containers/" ID "/userdata/config.json",
	    "{\"annotations\":{\"io.container.manager\":\"libpod\","
	    "\"io.kubernetes.cri-o.Created\":\"2026-11-30T06:48:07Z\"}}");
	put("/var/lib/containers/storage/overlay-containers/containers.json", STORAGE);
	finds(LOOKUP_NO_USER, "web", "", "", "localhost/box:1", "");
}

static void podman_rm(void **state)
{
	put("/var/lib/containers/storage/vfs-containers/containers.json", "[]");
	put("/var/lib/containers/storage/vfs-containers/volatile-containers.json", STORAGE);
	finds(LOOKUP_NO_USER, "web", "", "", "localhost/box:1", "");
}

static void kubelet_links(void **state)
{
	put("/var/log/containers/coredns-5d78c9869d-bxkzj_kube-system_coredns-" OTHER ".log", "");
	put("/var/log/containers/web-66b6c48dd5-7w7xt_shop_app-" ID ".log", "");
	finds(LOOKUP_NO_USER, "app", "web-66b6c48dd5-7w7xt", "shop", "", "");
}

static void kubelet_pods(void **state)
{
	put("/var/log/pods/shop_db-0_" UID "/app/0.log", "");
	finds(LOOKUP_NO_USER, "", "db-0", "shop", "", "");
}

/* --- Users' own. */

static void put_user(const char *home)
{
	char line[256];

	snprintf(line, sizeof(line), "alice:x:%u:%u::%s:/bin/sh\nbob:x:4711:1::/:/bin/sh\n",
		 getuid(), getgid(), home);
	put("/etc/passwd", line);
}

static void rootless(void **state)
{
	put_user("/users/alice");
	put("/users/alice/.local/share/containers/storage/overlay-containers/containers.json",
	    STORAGE);
	finds(getuid(), "web", "", "", "localhost/box:1", "alice");
	/* Nobody else's container is called by what alice wrote. */
	finds_none(LOOKUP_NO_USER, -ENOENT);
	finds_none(getuid() + 1, -ENOENT);
}

/* And alice's container is not called by what is root's: two may have the same id. */
static void roots_names_are_not_theirs(void **state)
{
	put_user("/users/alice");
	put("/users/alice/.local/share/docker/containers/x", "");
	put("/var/lib/containers/storage/overlay-containers/containers.json", STORAGE);
	finds_none(getuid(), -ENOENT);
}

static void a_user_has_no_pods(void **state)
{
	put_user("/users/alice");
	put("/users/alice/.local/share/docker/containers/" ID "/config.v2.json",
	    "{\"Name\":\"/x\",\"Config\":{\"Labels\":{\"io.kubernetes.container.name\":\"app\","
	    "\"io.kubernetes.pod.name\":\"db-0\",\"io.kubernetes.pod.namespace\":\"prod\"}}}");
	finds_none(getuid(), -EBADMSG);
}

static void a_home_that_is_not_theirs(void **state)
{
	char line[128];

	snprintf(line, sizeof(line), "alice:x:%u:1::/:/bin/sh\n", getuid() + 1);
	put("/etc/passwd", line);
	put("/.local/share/containers/storage/overlay-containers/containers.json", STORAGE);
	finds_none(getuid() + 1, -ENOENT);
}

/* --- What nobody should read. */

#define LIST "/var/lib/containers/storage/overlay-containers/containers.json"

static void list_path(char *full, size_t size)
{
	put("/var/lib/containers/storage/overlay-containers/x", "");
	snprintf(full, size, "%s" LIST, root);
}

static void a_link_is_not_followed(void **state)
{
	char full[512], target[512];

	put("/elsewhere.json", STORAGE);
	list_path(full, sizeof(full));
	snprintf(target, sizeof(target), "%s/elsewhere.json", root);
	assert_int_equal(symlink(target, full), 0);
	finds_none(LOOKUP_NO_USER, -ELOOP);
}

/* ".local" leads to root's own: what alice names would be read with rights that she has not. */
static void a_link_on_the_way_is_not_followed(void **state)
{
	char full[512], target[512];

	put_user("/users/alice");
	put("/users/alice/x", "");
	put("/secret/share/containers/storage/overlay-containers/containers.json", STORAGE);
	snprintf(full, sizeof(full), "%s/users/alice/.local", root);
	snprintf(target, sizeof(target), "%s/secret", root);
	assert_int_equal(symlink(target, full), 0);
	finds_none(getuid(), -ENOENT);
}

/* It would be waited for. */
static void a_fifo_is_not_read(void **state)
{
	char full[512];

	list_path(full, sizeof(full));
	assert_int_equal(mkfifo(full, 0600), 0);
	finds_none(LOOKUP_NO_USER, -EINVAL);
}

static void a_directory_is_not_read(void **state)
{
	put(LIST "/x", "");
	finds_none(LOOKUP_NO_USER, -EINVAL);
}

static void a_huge_file_is_not_read(void **state)
{
	char full[512];

	put(LIST, STORAGE);
	snprintf(full, sizeof(full), "%s" LIST, root);
	finds(LOOKUP_NO_USER, "web", "", "", "localhost/box:1", "");
	assert_int_equal(truncate(full, 1LL << 40), 0);
	finds_none(LOOKUP_NO_USER, -EFBIG);
}

static void put_nested(size_t depth)
{
	static char text[400200];
	int n = snprintf(text, sizeof(text), "[{\"id\":\"" ID "\",\"names\":[\"web\"],\"x\":");

	memset(text + n, '[', depth);
	memset(text + n + depth, ']', depth);
	memcpy(text + n + 2 * depth, "}]", sizeof("}]"));
	put(LIST, text);
}

static void deep_nesting_is_refused(void **state)
{
	put_nested(20);
	finds(LOOKUP_NO_USER, "web", "", "", "", "");
	put_nested(40);
	finds_none(LOOKUP_NO_USER, -EBADMSG);
	put_nested(200000);
	finds_none(LOOKUP_NO_USER, -EBADMSG);
}

static void what_is_no_name_is_refused(void **state)
{
	static const char *const names[] = {
		"\"web\\u0000x\"",
		"\"a/b\"",
		"\"@root\"",
		"\"\\u202eweb\"",
		"\"we b\"",
		"\"-web\"",
		"\"web\\n\"",
		"\"w\\\"b\"",
		"\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"",
	};
	static const char *const none[] = { "", "\"\"", "17", "null", "{}", "[\"web\"]" };
	char text[512];
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(text, sizeof(text), "[{\"id\":\"" ID "\",\"names\":[%s]}]", names[i]);
		put(LIST, text);
		finds_none(LOOKUP_NO_USER, -EBADMSG);
	}
	for (i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		snprintf(text, sizeof(text), "[{\"id\":\"" ID "\",\"names\":[%s]}]", none[i]);
		put(LIST, text);
		finds_none(LOOKUP_NO_USER, -ENOENT);
	}
}

/* Whatever a half-written file ends with. */
static void cut_anywhere_is_refused(void **state)
{
	struct container_packed got;
	size_t len;

	for (len = 0; len < sizeof(STORAGE) - 1; len++)
		assert_int_equal(parse_storage(STORAGE, len, ID, &got), -EBADMSG);
	assert_int_equal(parse_storage(STORAGE, len, ID, &got), 0);
}

/* An image that is called strangely costs its own name only. */
static void a_strange_image(void **state)
{
	put(LIST, "[{\"id\":\"" ID "\",\"names\":[\"web\"],\"metadata\":"
		  "\"{\\\"image-name\\\":\\\"a b\\\"}\"}]");
	finds(LOOKUP_NO_USER, "web", "", "", "", "");
}

static void questions_have_their_form(void **state)
{
	struct lookup_ask ask = { .id = ID };

	assert_true(lookup_ask_is_valid(&ask));
	ask.id[3] = '/';
	assert_false(lookup_ask_is_valid(&ask));
	memcpy(ask.id, ID, sizeof(ask.id));
	memcpy(ask.pod_uid, "../..", sizeof("../.."));
	assert_false(lookup_ask_is_valid(&ask));
	memset(ask.pod_uid, 'a', sizeof(ask.pod_uid));
	assert_false(lookup_ask_is_valid(&ask));
	memset(ask.pod_uid, 0, sizeof(ask.pod_uid));
	memset(ask.id, 'a', sizeof(ask.id));
	assert_false(lookup_ask_is_valid(&ask));
}

#define IN_ROOT(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ROOT(docker),
		IN_ROOT(docker_in_kubernetes),
		IN_ROOT(containerd_cri),
		IN_ROOT(containerd_sandbox),
		IN_ROOT(nerdctl),
		IN_ROOT(nerdctl_namespace),
		IN_ROOT(nerdctl_names),
		IN_ROOT(crio),
		IN_ROOT(podman),
		IN_ROOT(podman_rm),
		IN_ROOT(kubelet_links),
		IN_ROOT(kubelet_pods),
		IN_ROOT(rootless),
		IN_ROOT(roots_names_are_not_theirs),
		IN_ROOT(a_user_has_no_pods),
		IN_ROOT(a_home_that_is_not_theirs),
		IN_ROOT(a_link_is_not_followed),
		IN_ROOT(a_link_on_the_way_is_not_followed),
		IN_ROOT(a_fifo_is_not_read),
		IN_ROOT(a_directory_is_not_read),
		IN_ROOT(a_huge_file_is_not_read),
		IN_ROOT(deep_nesting_is_refused),
		IN_ROOT(what_is_no_name_is_refused),
		cmocka_unit_test(cut_anywhere_is_refused),
		IN_ROOT(a_strange_image),
		cmocka_unit_test(questions_have_their_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
