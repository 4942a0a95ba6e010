/* SPDX-License-Identifier: GPL-2.0-only */
/* profile_graph.h - the stacks of one view as a tree of names, and as a still picture. */
#ifndef VIGIE_EXPORT_PROFILE_GRAPH_H
#define VIGIE_EXPORT_PROFILE_GRAPH_H

#include "base/buf.h"
#include "base/hash.h"
#include "export/profile_walk.h"

struct graph_node {
	const char *name; /* lives as long as the walk */
	char kind; /* a class of the page's style: u, k, i, j, n, r, x */
	__u32 parent, child, next; /* 0: none */
	__u64 value;
};

struct graph {
	struct graph_node *nodes; /* [0]: all */
	__u32 n, room;
	struct hash by_name; /* of parent and name */
};

/* The class of a step: code of the program, of the kernel, inlined, generated, a remark, a tag. */
char graph_kind(const struct profile *p, const struct profile_step *step);
/* 0 or -ENOMEM. */
int graph_make(struct graph *g, struct profile_walk *walk, enum profile_view view);
void graph_done(struct graph *g);
/* SVG; before: colours by what grew, NULL: by kind. What is narrower than half a pixel is left out. */
void graph_svg(struct buf *out, const struct graph *g, const struct graph *before);
/* Text in HTML: the five characters that mean something there are escaped. */
void graph_escape(struct buf *out, const char *text);

#endif
