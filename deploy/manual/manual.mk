# SPDX-License-Identifier: GPL-2.0-only
# Manual pages and completions: written by a program that has the option tables of all commands.

MANUAL_OBJ := $(patsubst %.c,$(O)/%.o,$(wildcard deploy/manual/*.c))
MANUAL     := $(O)/manual
# Of the last commit, or of the package: two builds of one tree are the same.
MANUAL_DATE := $(shell date -u -d "@$${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct 2>/dev/null || echo 0)}" +%F)

$(O)/deploy/manual/manual: $(MANUAL_OBJ) $(LIB)
	$(say) LINK $@
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(MANUAL)/vigie.8: $(O)/deploy/manual/manual $(wildcard deploy/manual/*.man) $(O)/gen/version.h
	$(say) MANUAL $(MANUAL)
	$(Q)rm -rf $(MANUAL) && mkdir -p $(MANUAL)
	$(Q)$< $(MANUAL) deploy/manual $(MANUAL_DATE) $(VERSION)

.PHONY: manual
manual: $(MANUAL)/vigie.8

-include $(MANUAL_OBJ:.o=.d)
