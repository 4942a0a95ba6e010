# SPDX-License-Identifier: GPL-2.0-only
# vigie serve for half an hour under everything that happens to it, and then whether it has grown.
# Not part of scripts/test; SOAK_SECONDS=600 for another length. Writes $(O)/soak.md.

SOAK_SECONDS ?= 1800
SOAK_LEAK := $(O)/tests/soak/leak.so

$(SOAK_LEAK): tests/soak/leak.c $(O)/flags
	$(say) LINK $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -fPIC -shared -MMD -MP -MF $@.d -o $@ $<

.PHONY: soak soak-self-test soak-doc
soak: e2e-programs
	$(Q)O=$(O) VIGIE=$(O)/vigie /usr/bin/python3 -B tests/soak/soak.py $(SOAK_SECONDS)

# A vigie that leaks on purpose, a minute and a half each: memory, then descriptors. Both must be seen.
soak-self-test: e2e-programs $(SOAK_LEAK)
	$(Q)O=$(O) VIGIE=$(O)/vigie /usr/bin/python3 -B tests/soak/self_test.py $(SOAK_LEAK)

# Puts the last figures into the documentation; does not run anything.
soak-doc:
	$(Q)python3 -B tests/bench/doc.py $(O)/soak.md docs/reliability.md

-include $(SOAK_LEAK).d
