// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz_page.c - any bytes as a page of metrics: refused whole with a line that it has, or a page
 * whose indexes and texts are within bounds and whose values are finite decimals.
 */
#include "fuzz.h"

#include <errno.h>
#include <math.h>

#include "push/page.h"

static const char *begin, *end;

static void check_text(const char *text)
{
	FUZZ_CHECK(text);
	if (*text) /* "" may be a constant */
		FUZZ_CHECK(text >= begin && text + strlen(text) < end);
}

static void check_family(const struct page *page, size_t i)
{
	const struct page_family *family = &page->families[i];
	size_t k, next = i + 1 < page->nfamilies ? page->families[i + 1].sample : page->nsamples;

	check_text(family->name);
	check_text(family->unit);
	check_text(family->help);
	FUZZ_CHECK(*family->name && family->type <= PAGE_UNKNOWN);
	FUZZ_CHECK(family->sample + (size_t)family->nsamples == next);
	for (k = family->sample; k < next; k++)
		FUZZ_CHECK(page->samples[k].family == i &&
			   (page->samples[k].part == PAGE_VALUE) ==
				   (family->type != PAGE_HISTOGRAM));
}

static void check_sample(const struct page *page, const struct page_sample *sample, size_t label)
{
	size_t i;

	FUZZ_CHECK(sample->label == label && label + sample->nlabels <= page->nlabels);
	for (i = 0; i < sample->nlabels; i++) {
		check_text(page->labels[label + i].name);
		check_text(page->labels[label + i].value);
		FUZZ_CHECK(*page->labels[label + i].name);
	}
	check_text(sample->value);
	FUZZ_CHECK(isfinite(strtod(sample->value, NULL)));
	if (sample->part == PAGE_BUCKET)
		FUZZ_CHECK(sample->nlabels && !strcmp(page->labels[label + i - 1].name, "le"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_string(data, size);
	struct page page = { 0 };
	size_t lines = 1, line = 0, label = 0, i;
	int err;

	for (i = 0; i < size; i++)
		lines += data[i] == '\n';
	begin = text;
	end = text + size + 1;
	err = page_parse(&page, text, size, &line);
	FUZZ_CHECK(err == 0 || err == -EBADMSG);
	if (err)
		FUZZ_CHECK(line >= 1 && line <= lines && !page.nsamples && !page.nfamilies);
	for (i = 0; i < page.nfamilies; i++)
		check_family(&page, i);
	for (i = 0; i < page.nsamples; label += page.samples[i++].nlabels)
		check_sample(&page, &page.samples[i], label);
	FUZZ_CHECK(label == page.nlabels);
	page_done(&page);
	free(text);
	return 0;
}
