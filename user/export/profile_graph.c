// SPDX-License-Identifier: GPL-2.0-only
/* profile_graph.c - owns merging by name, and the layout of a flame graph. */
#include "export/profile_graph.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 1200, ROW = 17, DEPTH_MAX = 512 };
#define NARROWEST 0.5

char graph_kind(const struct profile *p, const struct profile_step *step)
{
	__u32 flags;

	if (step->kind == PROFILE_STEP_PROCESS)
		return 'r';
	if (step->kind == PROFILE_STEP_TAG)
		return 'x';
	flags = p->frames[step->frame].flags;
	if (flags & PROFILE_FRAME_NOTE)
		return 'n';
	if (flags & PROFILE_FRAME_KERNEL)
		return 'k';
	if (flags & PROFILE_FRAME_JIT)
		return 'j';
	return profile_walk_inlined(p, step->frame, step->nth) ? 'i' : 'u';
}

static __u32 sum_of(__u32 parent, const char *name)
{
	return hash_bytes(name, strlen(name), parent + 1);
}

static __u32 find(const struct graph *g, __u32 parent, const char *name)
{
	__u32 sum = sum_of(parent, name), i, at;

	for (i = hash_first(&g->by_name, sum, &at); i != HASH_NONE;
	     i = hash_next(&g->by_name, sum, &at))
		if (g->nodes[i].parent == parent && !strcmp(g->nodes[i].name, name))
			return i;
	return 0;
}

static int grow(struct graph *g)
{
	__u32 room = g->room ? 2 * g->room : 256;
	struct graph_node *grown;

	if (g->n < g->room)
		return 0;
	grown = realloc(g->nodes, room * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	g->nodes = grown;
	g->room = room;
	return hash_reserve(&g->by_name, room);
}

static int enter(struct graph *g, __u32 parent, const char *name, char kind, __u32 *ret)
{
	int err;

	*ret = find(g, parent, name);
	if (*ret)
		return 0;
	err = grow(g);
	if (err)
		return err;
	*ret = g->n++;
	g->nodes[*ret] = (struct graph_node){
		.name = name, .kind = kind, .parent = parent, .next = g->nodes[parent].child
	};
	g->nodes[parent].child = *ret;
	hash_add(&g->by_name, sum_of(parent, name), *ret);
	return 0;
}

static int add_sample(struct graph *g, struct profile_walk *walk, const struct profile_sample *s)
{
	__u32 node = 0, i;
	int err = profile_walk_sample(walk, s);

	if (err)
		return err;
	g->nodes[0].value += s->value;
	for (i = 0; i < walk->nsteps && !err; i++) {
		err = enter(g, node, walk->steps[i].name, graph_kind(walk->p, &walk->steps[i]),
			    &node);
		if (!err)
			g->nodes[node].value += s->value;
	}
	return err;
}

int graph_make(struct graph *g, struct profile_walk *walk, enum profile_view view)
{
	__u32 i;
	int err;

	memset(g, 0, sizeof(*g));
	hash_init(&g->by_name);
	err = grow(g);
	if (err)
		return err;
	g->nodes[g->n++] = (struct graph_node){ .name = "all", .kind = 'r' };
	for (i = 0; i < walk->p->nsamples && !err; i++)
		if (walk->p->samples[i].view == view && walk->p->samples[i].value)
			err = add_sample(g, walk, &walk->p->samples[i]);
	return err;
}

void graph_done(struct graph *g)
{
	hash_done(&g->by_name);
	free(g->nodes);
}

void graph_escape(struct buf *out, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '&': buf_str(out, "&amp;"); break;
		case '<': buf_str(out, "&lt;"); break;
		case '>': buf_str(out, "&gt;"); break;
		case '"': buf_str(out, "&quot;"); break;
		case '\'': buf_str(out, "&#39;"); break;
		default: buf_char(out, *text);
		}
	}
}

struct picture {
	struct buf *out;
	const struct graph *g, *before;
	unsigned int depth;
	bool measuring;
};

/* Points of share against before, in four steps each way. */
static void colour(const struct picture *pic, __u32 node, __u32 old)
{
	const struct graph *b = pic->before;
	double now = (double)pic->g->nodes[node].value / pic->g->nodes[0].value, then = 0, points;

	if (!b) {
		buf_char(pic->out, pic->g->nodes[node].kind);
		return;
	}
	if (old != HASH_NONE && b->nodes[0].value)
		then = (double)b->nodes[old].value / b->nodes[0].value;
	points = 100 * (now - then);
	buf_char(pic->out, points >= 0 ? 'b' : 'a');
	points = fabs(points);
	buf_char(pic->out, points < .1 ? '0' : points < 1 ? '1' : points < 5 ? '2' : '3');
}

/* As many characters as there is room for; a character of UTF-8 stays whole. */
static void label(struct buf *out, const char *name, double x, unsigned int y, double width)
{
	size_t room = (size_t)((width - 6) / 6.7), len = strlen(name);
	char cut[256];

	if (width <= 34)
		return;
	if (room > sizeof(cut) - 1)
		room = sizeof(cut) - 1;
	if (len > room) {
		len = room - 1;
		while (len && ((unsigned char)name[len] & 0xc0) == 0x80)
			len--;
	}
	memcpy(cut, name, len);
	cut[len] = '\0';
	buf_printf(out, "<text x=\"%.1f\" y=\"%u\">", x + 3, y + 12);
	graph_escape(out, cut);
	buf_str(out, name[len] ? "…</text>" : "</text>");
}

static void box(const struct picture *pic, __u32 node, __u32 old, double x, double width,
		unsigned int level)
{
	const struct graph_node *n = &pic->g->nodes[node];
	unsigned int y = (pic->depth - level) * ROW;

	buf_printf(pic->out, "<rect x=\"%.1f\" y=\"%u\" width=\"%.1f\" height=\"%d\" class=\"", x,
		   y, width, ROW - 1);
	colour(pic, node, old);
	buf_str(pic->out, "\"><title>");
	graph_escape(pic->out, n->name);
	buf_printf(pic->out, "\n%.2f %%, ", 100.0 * n->value / pic->g->nodes[0].value);
	buf_u64(pic->out, n->value);
	buf_str(pic->out, "</title></rect>");
	label(pic->out, n->name, x, y, width);
	buf_char(pic->out, '\n');
}

/* Measures the depth first, then draws: the root is at the bottom. */
static void lay(struct picture *pic, __u32 node, __u32 old, double x, unsigned int level)
{
	const struct graph_node *n = &pic->g->nodes[node];
	double width = (double)WIDTH * n->value / pic->g->nodes[0].value;
	__u32 child, twin;

	if (width < NARROWEST || level > DEPTH_MAX)
		return;
	if (!pic->measuring)
		box(pic, node, old, x, width, level);
	else if (level > pic->depth)
		pic->depth = level;
	for (child = n->child; child; child = pic->g->nodes[child].next) {
		twin = HASH_NONE;
		if (pic->before && old != HASH_NONE) {
			twin = find(pic->before, old, pic->g->nodes[child].name);
			twin = twin ? twin : HASH_NONE;
		}
		lay(pic, child, twin, x, level + 1);
		x += (double)WIDTH * pic->g->nodes[child].value / pic->g->nodes[0].value;
	}
}

void graph_svg(struct buf *out, const struct graph *g, const struct graph *before)
{
	struct picture pic = { .out = out, .g = g, .before = before, .measuring = true };

	if (!g->nodes[0].value)
		return;
	lay(&pic, 0, 0, 0, 0);
	pic.measuring = false;
	buf_printf(out, "<svg viewBox=\"0 0 %d %u\" role=\"img\">\n", WIDTH, (pic.depth + 1) * ROW);
	lay(&pic, 0, 0, 0, 0);
	buf_str(out, "</svg>\n");
}
