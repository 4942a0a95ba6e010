/* SPDX-License-Identifier: GPL-2.0-only */
/* config_scene.h - a configuration file in a directory of its own, and a command line beside it. */
#ifndef VIGIE_TESTS_CONFIG_SCENE_H
#define VIGIE_TESTS_CONFIG_SCENE_H

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/serve_config.h"

enum { GIVEN_MAX = 8 };

struct config_scene {
	char directory[40], path[64];
	struct option_given given[GIVEN_MAX];
	struct serve_args args;
	struct serve_config config;
	struct faults faults;
};

static inline void scene_write(const struct config_scene *scene, const char *text)
{
	int fd = open(scene->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, 0644), 0);
	close(fd);
}

/* text NULL: there is no such file. */
static inline void scene_begin(struct config_scene *scene, const char *text)
{
	memset(scene, 0, sizeof(*scene));
	snprintf(scene->directory, sizeof(scene->directory), "/tmp/vigie-unit-XXXXXX");
	assert_non_null(mkdtemp(scene->directory));
	snprintf(scene->path, sizeof(scene->path), "%s/vigie.yml", scene->directory);
	if (text)
		scene_write(scene, text);
	scene->args.config_file = scene->path;
	scene->args.given.all = scene->given;
	serve_config_init(&scene->config, &scene->args);
	faults_init(&scene->faults);
}

/* As it would have been typed. */
static inline void scene_flag(struct config_scene *scene, const char *option, const char *text)
{
	assert_true(scene->args.given.n < GIVEN_MAX);
	scene->given[scene->args.given.n++] = (struct option_given){ option, text, option };
}

static inline void scene_end(struct config_scene *scene)
{
	serve_config_done(&scene->config);
	unlink(scene->path);
	assert_int_equal(rmdir(scene->directory), 0);
}

#endif
