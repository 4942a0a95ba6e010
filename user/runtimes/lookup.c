// SPDX-License-Identifier: GPL-2.0-only
/* lookup.c - owns the table of places, and how a container is found in each kind of them. */
#include "runtimes/lookup.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "runtimes/files.h"
#include "runtimes/parse.h"

enum {
	FILE_MAX = 1 << 20, /* an OCI configuration has some 60 KB */
	LIST_MAX = 8 << 20, /* containers.json: about a kilobyte each */
	NAMESPACES_MAX = 256, /* of containerd */
	NAMES_MAX = 16384,
};

struct seeker {
	const struct lookup_ask *ask;
	const char *namespace; /* of nerdctl's names */
	struct container_packed *ret;
};

static int parse_file(int dir, const char *path, size_t max, const struct seeker *seeker,
		      int (*parse)(const char *data, size_t len, struct container_packed *ret))
{
	struct buf bytes;
	int err;

	buf_init(&bytes, max);
	err = files_read(dir, path, &bytes);
	if (!err)
		err = parse(bytes.data, bytes.len, seeker->ret);
	buf_done(&bytes);
	return err;
}

/* Docker, below containers/. */
static int find_docker(int dir, struct seeker *seeker)
{
	char path[FILES_PATH_SIZE];

	snprintf(path, sizeof(path), "%s/config.v2.json", seeker->ask->id);
	return parse_file(dir, path, FILE_MAX, seeker, parse_docker);
}

/* NAMESPACE/ID/config.json. Docker's own containers are there, too, without their names. */
static int visit_namespace(void *ctx, int dir, const char *name)
{
	struct seeker *seeker = ctx;
	char path[FILES_PATH_SIZE], *namespace = seeker->ret->text[CONTAINER_NAMESPACE];
	size_t len = strlen(name);
	int err;

	if (len + sizeof("/config.json") + LOOKUP_ID_SIZE > sizeof(path))
		return -ENOENT;
	snprintf(path, sizeof(path), "%s/%s/config.json", name, seeker->ask->id);
	err = parse_file(dir, path, FILE_MAX, seeker, parse_oci);
	if (!err && !seeker->ret->text[CONTAINER_POD][0] && strcmp(name, "default")) {
		if (!container_text_is_valid(CONTAINER_NAMESPACE, name, len))
			return -EBADMSG;
		memcpy(namespace, name, len + 1);
	}
	return err;
}

static int find_containerd(int dir, struct seeker *seeker)
{
	return files_list(dir, "", NAMESPACES_MAX, visit_namespace, seeker);
}

static int find_in_list(int dir, const char *name, struct seeker *seeker)
{
	struct buf bytes;
	int err;

	buf_init(&bytes, LIST_MAX);
	err = files_read(dir, name, &bytes);
	if (!err)
		err = parse_storage(bytes.data, bytes.len, seeker->ask->id, seeker->ret);
	buf_done(&bytes);
	return err;
}

/*
 * containers/storage: CRI-O writes annotations into the bundle's configuration; podman leaves the
 * names to the list of all containers, those of `podman run --rm` apart from the others.
 */
static int find_storage(int dir, struct seeker *seeker)
{
	char path[FILES_PATH_SIZE];
	int err = -ENOENT;

	/* What a user has written into it may claim to be in a pod of the cluster. */
	if (seeker->ask->uid == LOOKUP_NO_USER) {
		snprintf(path, sizeof(path), "%s/userdata/config.json", seeker->ask->id);
		err = parse_file(dir, path, FILE_MAX, seeker, parse_oci);
	}
	if (err == -ENOENT)
		err = find_in_list(dir, "containers.json", seeker);
	if (err == -ENOENT)
		err = find_in_list(dir, "volatile-containers.json", seeker);
	return err;
}

/* A file whose name is the container's, and whose content its id. */
static int visit_nerdctl_name(void *ctx, int dir, const char *name)
{
	struct seeker *seeker = ctx;
	char *texts[] = { seeker->ret->text[CONTAINER_NAME],
			  seeker->ret->text[CONTAINER_NAMESPACE] };
	struct buf bytes;
	bool is_it;

	buf_init(&bytes, LOOKUP_ID_SIZE); /* and a line end */
	is_it = !files_read(dir, name, &bytes) && bytes.len >= LOOKUP_ID_SIZE - 1 &&
		!memcmp(bytes.data, seeker->ask->id, LOOKUP_ID_SIZE - 1);
	buf_done(&bytes);
	if (!is_it)
		return -ENOENT;
	if (!container_text_is_valid(CONTAINER_NAME, name, strlen(name)) ||
	    !container_text_is_valid(CONTAINER_NAMESPACE, seeker->namespace,
				     strlen(seeker->namespace)))
		return -EBADMSG;
	memset(seeker->ret, 0, sizeof(*seeker->ret));
	memcpy(texts[0], name, strlen(name));
	if (strcmp(seeker->namespace, "default"))
		memcpy(texts[1], seeker->namespace, strlen(seeker->namespace));
	return 0;
}

static int visit_nerdctl_namespace(void *ctx, int dir, const char *name)
{
	struct seeker *seeker = ctx;

	seeker->namespace = name;
	return files_list(dir, name, NAMES_MAX, visit_nerdctl_name, seeker);
}

/* DATAROOT/ADDRHASH/names/NAMESPACE/NAME (nerdctl docs/dir.md). */
static int visit_nerdctl_store(void *ctx, int dir, const char *name)
{
	char path[FILES_PATH_SIZE];

	snprintf(path, sizeof(path), "%.255s/names", name);
	return files_list(dir, path, NAMESPACES_MAX, visit_nerdctl_namespace, ctx);
}

static int find_nerdctl(int dir, struct seeker *seeker)
{
	return files_list(dir, "", NAMESPACES_MAX, visit_nerdctl_store, seeker);
}

static int visit_log_link(void *ctx, int dir, const char *name)
{
	struct seeker *seeker = ctx;

	return parse_log_link(name, seeker->ask->id, seeker->ret);
}

/* The kubelet's links to the logs of all containers, whatever runs them: their names are enough. */
static int find_log_link(int dir, struct seeker *seeker)
{
	return files_list(dir, "", NAMES_MAX, visit_log_link, seeker);
}

static int visit_log_dir(void *ctx, int dir, const char *name)
{
	struct seeker *seeker = ctx;

	return parse_log_dir(name, seeker->ask->pod_uid, seeker->ret);
}

/* Says the pod, and not which of its containers. */
static int find_log_dir(int dir, struct seeker *seeker)
{
	return files_list(dir, "", NAMES_MAX, visit_log_dir, seeker);
}

/* In this order: who knows most comes first. */
static const struct {
	const char *path; /* a user's are below the home directory */
	bool of_user;
	int (*find)(int dir, struct seeker *seeker);
} places[] = {
	{ "/var/lib/docker/containers", false, find_docker },
	{ "/var/snap/docker/common/var-lib-docker/containers", false, find_docker },
	{ "/run/containerd/io.containerd.runtime.v2.task", false, find_containerd },
	{ "/run/k3s/containerd/io.containerd.runtime.v2.task", false, find_containerd },
	{ "/run/k0s/containerd/io.containerd.runtime.v2.task", false, find_containerd },
	{ "/var/snap/microk8s/common/run/containerd/io.containerd.runtime.v2.task", false,
	  find_containerd },
	{ "/run/containers/storage/overlay-containers", false, find_storage },
	{ "/var/lib/containers/storage/overlay-containers", false, find_storage },
	{ "/var/lib/containers/storage/vfs-containers", false, find_storage },
	{ "/var/lib/nerdctl", false, find_nerdctl },
	{ "/var/log/containers", false, find_log_link },
	{ "/var/log/pods", false, find_log_dir },
	{ ".local/share/docker/containers", true, find_docker },
	{ ".local/share/containers/storage/overlay-containers", true, find_storage },
	{ ".local/share/containers/storage/vfs-containers", true, find_storage },
	{ ".local/share/nerdctl", true, find_nerdctl },
};

enum { PLACES = sizeof(places) / sizeof(places[0]) };
_Static_assert((int)PLACES <= (int)LOOKUP_DIRS_MAX, "a place finds no room");

bool lookup_ask_is_valid(const struct lookup_ask *ask)
{
	size_t uid_len = strnlen(ask->pod_uid, LOOKUP_POD_SIZE);

	return !ask->id[LOOKUP_ID_SIZE - 1] &&
	       strspn(ask->id, "0123456789abcdef") == LOOKUP_ID_SIZE - 1 &&
	       uid_len < LOOKUP_POD_SIZE && strspn(ask->pod_uid, "0123456789abcdef-") == uid_len;
}

/* Of the host's own list: a directory server would have to be asked over the network. */
static int open_home(const char *root, __u32 uid, char owner[CONTAINER_TEXT_SIZE])
{
	char path[FILES_PATH_SIZE];
	struct passwd *user;
	struct stat st;
	FILE *list;
	int home = -ENOENT;

	snprintf(path, sizeof(path), "%s/etc/passwd", root);
	list = fopen(path, "re");
	if (!list)
		return -errno;
	while ((user = fgetpwent(list)) && user->pw_uid != uid)
		;
	if (user) {
		snprintf(owner, CONTAINER_TEXT_SIZE, "%s", user->pw_name);
		snprintf(path, sizeof(path), "%s%s", root, user->pw_dir);
		home = io_open_dir(path);
	}
	fclose(list);
	if (home < 0 || (!fstat(home, &st) && st.st_uid == uid))
		return home;
	close(home); /* "/" and the like: what is there is not theirs */
	return -EPERM;
}

void lookup_open(struct lookup *lookup, const char *root, const struct lookup_ask *ask)
{
	bool of_user = ask->uid != LOOKUP_NO_USER;
	char path[FILES_PATH_SIZE];
	int home = -1, i;

	memset(lookup, 0, sizeof(*lookup));
	if (of_user)
		home = open_home(root, ask->uid, lookup->owner);
	for (i = 0; i < LOOKUP_DIRS_MAX; i++) {
		lookup->dirs[i] = -1;
		if (i >= PLACES || places[i].of_user != of_user)
			continue;
		snprintf(path, sizeof(path), "%s%s", root, places[i].path);
		if (!of_user)
			lookup->dirs[i] = io_open_dir(path);
		else if (home >= 0)
			lookup->dirs[i] = files_open_dir(home, places[i].path);
	}
	if (home >= 0)
		close(home);
}

void lookup_close(struct lookup *lookup)
{
	int i;

	for (i = 0; i < LOOKUP_DIRS_MAX; i++)
		if (lookup->dirs[i] >= 0)
			close(lookup->dirs[i]);
}

/* A user's container is never one of a pod, whatever its labels say, and carries the user's name. */
static int lookup_own(const struct lookup *lookup, const struct lookup_ask *ask,
		      struct container_packed *ret)
{
	char *owner = ret->text[CONTAINER_OWNER];

	if (ask->uid == LOOKUP_NO_USER)
		return 0;
	if (ret->text[CONTAINER_POD][0])
		return -EBADMSG;
	if (container_text_is_valid(CONTAINER_OWNER, lookup->owner, strlen(lookup->owner)))
		memcpy(owner, lookup->owner, sizeof(lookup->owner));
	if (!*owner)
		snprintf(owner, CONTAINER_TEXT_SIZE, "%u", ask->uid);
	return 0;
}

int lookup_find(const struct lookup *lookup, const struct lookup_ask *ask,
		struct container_packed *ret)
{
	struct seeker seeker = { .ask = ask, .ret = ret };
	int worst = -ENOENT, err, i;

	for (i = 0; i < PLACES; i++) {
		if (lookup->dirs[i] < 0)
			continue;
		memset(ret, 0, sizeof(*ret));
		err = places[i].find(lookup->dirs[i], &seeker);
		if (!err)
			err = lookup_own(lookup, ask, ret);
		if (!err)
			return 0;
		if (err != -ENOENT && err != -ENOTDIR)
			worst = err;
	}
	memset(ret, 0, sizeof(*ret));
	return worst;
}
