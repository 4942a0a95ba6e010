# SPDX-License-Identifier: GPL-2.0-only
# What is made of deploy/mixin by Debian's jsonnet; committed, so that nobody needs it who only uses them.
mixin:
	$(Q)deploy/mixin/render

.PHONY: mixin
