# SPDX-License-Identifier: GPL-2.0-only
# What is written by the program: docs/metrics.md from user/export/families.c, docs/rules.md
# from user/detect/rules.c, the table of docs/units.md from user/model/conventions.c, that of
# docs/configuration.md and deploy/vigie.yml from user/app/settings.c.
DOC_WRITERS := $(O)/tests/unit/test_metrics_doc $(O)/tests/unit/test_findings \
	$(O)/tests/unit/test_units_doc $(O)/tests/unit/test_settings

docs: $(DOC_WRITERS)
	$(Q)for writer in $(DOC_WRITERS); do DOCS_UPDATE=1 $$writer >/dev/null || exit 1; done
