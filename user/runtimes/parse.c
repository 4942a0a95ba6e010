// SPDX-License-Identifier: GPL-2.0-only
/* parse.c - owns the keys under which runtimes write down what a container is called. */
#include "runtimes/parse.h"

#include <errno.h>
#include <json-c/json.h>
#include <string.h>

enum {
	DEPTH_MAX = 32, /* config.json with seccomp profile and hooks: 8 */
	KEYS_MAX = 4,
};

/* What cAdvisor calls the container that only holds a pod together. */
#define POD_SANDBOX "POD"

/* NULL with *ret_err set. */
static struct json_object *json_read(const char *data, size_t len, enum json_type type,
				     int *ret_err)
{
	struct json_tokener *tokener = json_tokener_new_ex(DEPTH_MAX);
	struct json_object *root;

	*ret_err = -ENOMEM;
	if (!tokener)
		return NULL;
	root = json_tokener_parse_ex(tokener, data, len);
	*ret_err = json_tokener_get_error(tokener) == json_tokener_success ? 0 : -EBADMSG;
	json_tokener_free(tokener);
	if (!*ret_err && !json_object_is_type(root, type))
		*ret_err = -EBADMSG;
	if (!*ret_err)
		return root;
	json_object_put(root);
	return NULL;
}

static struct json_object *json_member(struct json_object *object, const char *key,
				       enum json_type type)
{
	struct json_object *value;

	if (!json_object_is_type(object, json_type_object) ||
	    !json_object_object_get_ex(object, key, &value) || !json_object_is_type(value, type))
		return NULL;
	return value;
}

/* 1: taken; 0: there is none, or it is empty; -EBADMSG: that is no such name. */
static int take_text(const char *text, size_t len, enum container_text which,
		     struct container_packed *ret)
{
	if (!len)
		return 0;
	/* An image that is called strangely costs its own name only. */
	if (!container_text_is_valid(which, text, len))
		return which == CONTAINER_IMAGE ? 0 : -EBADMSG;
	memcpy(ret->text[which], text, len);
	ret->text[which][len] = '\0';
	return 1;
}

static int take_json(struct json_object *object, const char *key, enum container_text which,
		     struct container_packed *ret)
{
	struct json_object *value = json_member(object, key, json_type_string);

	if (!value)
		return 0;
	return take_text(json_object_get_string(value), json_object_get_string_len(value), which,
			 ret);
}

/* The first of these keys that has a value. */
static int take_first(struct json_object *object, const char *const keys[KEYS_MAX],
		      enum container_text which, struct container_packed *ret)
{
	int i, taken = 0;

	for (i = 0; i < KEYS_MAX && keys[i] && !taken; i++)
		taken = take_json(object, keys[i], which, ret);
	return taken;
}

/* By annotation (OCI) or label (Docker). */
static const char *const label_keys[CONTAINER_TEXTS][KEYS_MAX] = {
	/* containerd internal/cri/annotations; CRI-O pkg/annotations, kubelet pkg/kubelet/types; nerdctl pkg/labels */
	[CONTAINER_NAME] = { "io.kubernetes.cri.container-name", "io.kubernetes.container.name",
			     "nerdctl/name" },
	[CONTAINER_POD] = { "io.kubernetes.cri.sandbox-name", "io.kubernetes.pod.name" },
	[CONTAINER_NAMESPACE] = { "io.kubernetes.cri.sandbox-namespace",
				  "io.kubernetes.pod.namespace" },
	[CONTAINER_IMAGE] = { "io.kubernetes.cri.image-name", "io.kubernetes.cri-o.ImageName",
			      "io.kubernetes.cri-o.Image" },
};

/* 0 or -EBADMSG. */
static int take_labels(struct json_object *labels, struct container_packed *ret)
{
	int which, taken = 0;

	for (which = 0; which < CONTAINER_TEXTS && taken >= 0; which++)
		taken = take_first(labels, label_keys[which], which, ret);
	return taken < 0 ? taken : 0;
}

static int parsed(int err, struct container_packed *ret)
{
	if (!err && !container_packed_is_valid(ret))
		err = -ENOENT;
	if (err)
		memset(ret, 0, sizeof(*ret));
	return err;
}

static bool is_value(struct json_object *object, const char *key, const char *value)
{
	struct json_object *have = json_member(object, key, json_type_string);

	return have && !strcmp(json_object_get_string(have), value);
}

/* Name ("/web"), Config.Image, and Config.Labels, which cri-dockerd sets (moby's container.go). */
static int take_docker(struct json_object *root, struct container_packed *ret)
{
	struct json_object *config = json_member(root, "Config", json_type_object);
	struct json_object *name = json_member(root, "Name", json_type_string);
	const char *text = name ? json_object_get_string(name) : "";
	size_t len = name ? json_object_get_string_len(name) : 0;
	int err;

	err = take_labels(json_member(config, "Labels", json_type_object), ret);
	if (!err && take_json(config, "Image", CONTAINER_IMAGE, ret) < 0)
		err = -EBADMSG;
	if (err || ret->text[CONTAINER_POD][0])
		return err;
	/* The labels of a container without a pod are anybody's. */
	ret->text[CONTAINER_NAME][0] = ret->text[CONTAINER_NAMESPACE][0] = '\0';
	if (len && *text == '/') {
		text++;
		len--;
	}
	err = take_text(text, len, CONTAINER_NAME, ret);
	return err < 0 ? err : 0;
}

int parse_docker(const char *data, size_t len, struct container_packed *ret)
{
	struct json_object *root;
	int err;

	memset(ret, 0, sizeof(*ret));
	root = json_read(data, len, json_type_object, &err);
	if (!root)
		return err;
	err = take_docker(root, ret);
	json_object_put(root);
	return parsed(err, ret);
}

int parse_oci(const char *data, size_t len, struct container_packed *ret)
{
	struct json_object *root, *annotations;
	int err;

	memset(ret, 0, sizeof(*ret));
	root = json_read(data, len, json_type_object, &err);
	if (!root)
		return err;
	annotations = json_member(root, "annotations", json_type_object);
	if (annotations)
		err = take_labels(annotations, ret);
	if (!err && is_value(annotations, "io.kubernetes.cri.container-type", "sandbox"))
		memcpy(ret->text[CONTAINER_NAME], POD_SANDBOX, sizeof(POD_SANDBOX));
	json_object_put(root);
	return parsed(err, ret);
}

/* podman's metadata is JSON in a string: {"image-name":"…","name":"…"}. */
static int take_metadata(struct json_object *entry, struct container_packed *ret)
{
	struct json_object *text = json_member(entry, "metadata", json_type_string), *metadata;
	int err = 0;

	if (!text || !json_object_get_string_len(text))
		return 0;
	metadata = json_read(json_object_get_string(text), json_object_get_string_len(text),
			     json_type_object, &err);
	if (!metadata)
		return err;
	err = take_json(metadata, "image-name", CONTAINER_IMAGE, ret);
	json_object_put(metadata);
	return err < 0 ? err : 0;
}

static int take_storage(struct json_object *entry, struct container_packed *ret)
{
	struct json_object *names = json_member(entry, "names", json_type_array), *name;
	int err;

	name = names ? json_object_array_get_idx(names, 0) : NULL;
	if (!json_object_is_type(name, json_type_string))
		return -ENOENT;
	err = take_text(json_object_get_string(name), json_object_get_string_len(name),
			CONTAINER_NAME, ret);
	return err < 0 ? err : take_metadata(entry, ret);
}

int parse_storage(const char *data, size_t len, const char *id, struct container_packed *ret)
{
	struct json_object *root, *entry;
	size_t i, n;
	int err;

	memset(ret, 0, sizeof(*ret));
	root = json_read(data, len, json_type_array, &err);
	if (!root)
		return err;
	err = -ENOENT;
	n = json_object_array_length(root);
	for (i = 0; i < n; i++) {
		entry = json_object_array_get_idx(root, i);
		if (!is_value(entry, "id", id))
			continue;
		err = take_storage(entry, ret);
		break;
	}
	json_object_put(root);
	return parsed(err, ret);
}

/* A text up to the separator, and what follows it; NULL: there is no separator. */
static const char *take_until(const char *text, const char *end, char separator,
			      enum container_text which, struct container_packed *ret)
{
	const char *at = memchr(text, separator, end - text);

	if (!at || take_text(text, at - text, which, ret) != 1)
		return NULL;
	return at + 1;
}

int parse_log_link(const char *name, const char *id, struct container_packed *ret)
{
	size_t len = strlen(name), id_len = strlen(id);
	const char *end = name + len - id_len - strlen("-.log"), *at;

	memset(ret, 0, sizeof(*ret));
	if (len <= id_len + strlen("-.log") || *end != '-' || memcmp(end + 1, id, id_len) ||
	    strcmp(end + 1 + id_len, ".log"))
		return -ENOENT;
	at = take_until(name, end, '_', CONTAINER_POD, ret);
	if (at)
		at = take_until(at, end, '_', CONTAINER_NAMESPACE, ret);
	if (!at || take_text(at, end - at, CONTAINER_NAME, ret) != 1)
		return parsed(-EBADMSG, ret);
	return parsed(0, ret);
}

int parse_log_dir(const char *name, const char *pod_uid, struct container_packed *ret)
{
	size_t len = strlen(name), uid_len = strlen(pod_uid);
	const char *end = name + len - uid_len, *at;

	memset(ret, 0, sizeof(*ret));
	if (!uid_len || len <= uid_len + 1 || end[-1] != '_' || strcmp(end, pod_uid))
		return -ENOENT;
	at = take_until(name, end, '_', CONTAINER_NAMESPACE, ret);
	if (at)
		at = take_until(at, end, '_', CONTAINER_POD, ret);
	return parsed(at == end ? 0 : -EBADMSG, ret);
}
