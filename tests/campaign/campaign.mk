# SPDX-License-Identifier: GPL-2.0-only
# Real faults and their look-alikes on the running kernel: half an hour, so not part of the
# suite; CAMPAIGN="burner fast-leak" runs some. The short ones are in tests/e2e.

CAMPAIGN_ACTS := $(O)/tests/campaign/acts

$(CAMPAIGN_ACTS): tests/campaign/acts.c $(O)/flags
	$(say) WORKLOAD $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -pthread -MMD -MP $(LDFLAGS) -o $@ $<

.PHONY: campaign campaign-sessions campaign-doc
campaign: $(O)/vigie $(CAMPAIGN_ACTS) campaign-sessions
	$(Q)O=$(O) VIGIE=$(O)/vigie python3 -B tests/campaign/campaign.py $(CAMPAIGN)

# Profiling sessions of real programs, beside perf and bpftrace: five minutes. SESSIONS="Big" runs some.
campaign-sessions: $(O)/vigie $(WORKLOAD_BIN)
	$(Q)O=$(O) VIGIE=$(O)/vigie /usr/bin/python3 -B tests/campaign/sessions.py -v $(SESSIONS)

# Puts the last results into the documentation; does not run anything.
campaign-doc:
	$(Q)python3 -B tests/bench/doc.py $(O)/campaign.md docs/campaign.md

-include $(CAMPAIGN_ACTS).d

# A day of a made-up host, replayed; SEEDS="7 8" chooses others.
$(O)/tests/campaign/generate: $(O)/tests/campaign/generate.o $(LIB)
	$(say) LINK $@
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

.PHONY: campaign-day
campaign-day: $(O)/vigie $(O)/tests/campaign/generate
	$(Q)O=$(O) python3 -B tests/campaign/day.py $(SEEDS)

-include $(O)/tests/campaign/generate.d
