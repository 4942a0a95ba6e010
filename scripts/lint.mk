# SPDX-License-Identifier: GPL-2.0-only
# What reads or lays out the source, without building it.

lint:
	$(Q)scripts/lint

format:
	$(Q)scripts/files '*.c' '*.h' | xargs clang-format -i
	$(Q)scripts/files '*.jsonnet' '*.libsonnet' | xargs jsonnetfmt -i --max-blank-lines 1
