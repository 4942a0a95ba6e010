# SPDX-License-Identifier: GPL-2.0-only
# What is written by the program: docs/metrics.md from user/export/families.c.

docs: $(O)/tests/unit/test_metrics_doc
	$(Q)DOCS_UPDATE=1 $<
