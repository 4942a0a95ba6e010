// SPDX-License-Identifier: GPL-2.0-only
/*
 * html_fixture.c - the page of a made-up profile, for a browser to judge.
 *
 *	html_fixture [-d] [-n NODES] [-o FILE]
 *
 *	-d	compared with another profile
 *	-n	a profile of that many nodes instead, names as long as C++ has them
 *
 * Owns: the command line. Not here: the profile (html_scene.h), what is right (test_profile_html.py).
 */
#include <errno.h>
#include <unistd.h>

#include "../unit/html_scene.h"
#include "report/formats.h"

/* The same numbers in every run: a linear congruential generator. */
static __u32 chance(__u32 *seed, __u32 below)
{
	*seed = *seed * 1664525 + 1013904223;
	return (*seed >> 8) % below;
}

static struct profile *big_new(__u32 nodes)
{
	struct profile *p = scene_new(false);
	__u32 seed = 1, module = scene_module(p, "/opt/app/bin/server"), node = 0, i, up;
	__u32 depth = 0;
	char name[96];

	for (i = 0; i < nodes; i++) {
		snprintf(name, sizeof(name),
			 "app::storage::Engine<std::string, app::Codec%u>::visit_%u(Key const&)",
			 i % 7, chance(&seed, nodes / 4 + 1));
		if (depth > 20 + chance(&seed, 25))
			for (up = 1 + chance(&seed, depth); up; up--, depth--)
				node = p->nodes[node].parent;
		depth++;
		node = scene_node(p, node,
				  scene_frame(p, module, 0, 0x100000 + 16 * i, name, NULL, NULL));
		scene_add(p, i % 3 ? PROFILE_CPU : PROFILE_OFF_CPU, i % p->nthreads, node,
			  i % 3 ? 0 : i % VIGIE_WAITS, (__u64)(1 + chance(&seed, 50)) * MS);
	}
	return p;
}

static int put(const char *path, const struct buf *page)
{
	FILE *file = path ? fopen(path, "w") : stdout;

	if (!file)
		return -errno;
	if (fwrite(page->data, 1, page->len, file) != page->len || fflush(file))
		return -EIO;
	return path && fclose(file) ? -EIO : 0;
}

int main(int argc, char **argv)
{
	struct profile *p = NULL, *other = NULL;
	const char *path = NULL;
	struct buf page;
	int option, err;

	while ((option = getopt(argc, argv, "dn:o:")) != -1) {
		switch (option) {
		case 'd': other = scene_new(false); break;
		case 'n': p = big_new(strtoul(optarg, NULL, 10)); break;
		case 'o': path = optarg; break;
		default:
			fprintf(stderr, "usage: html_fixture [-d] [-n NODES] [-o FILE]\n");
			return 2;
		}
	}
	if (!p)
		p = scene_new(other);
	buf_init(&page, 64 << 20);
	profile_html_encode(&page, p, other);
	err = page.err ? page.err : put(path, &page);
	if (err)
		fprintf(stderr, "html_fixture: %s\n", strerror(-err));
	buf_done(&page);
	profile__free(p);
	profile__free(other);
	return err ? 1 : 0;
}
