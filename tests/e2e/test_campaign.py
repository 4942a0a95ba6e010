#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The short ones of the campaign: real faults on this kernel, found in time, culprit named."""
import os
import sys
import tempfile
import unittest

import lib

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "campaign"))
import campaign  # noqa: E402
from scenarios import SCENARIOS, Scenario  # noqa: E402

SHORT = ("fast leak", "fork storm", "noisy neighbour", "reclaim", "oom", "throttled",
         "crash loop")
LOOKALIKES = ("page cache", "restart once")


def setUpModule():
    lib.needs_watching()


class Short(unittest.TestCase):
    """One daemon for all, as in production."""

    @classmethod
    def setUpClass(cls):
        cls.place = tempfile.TemporaryDirectory(prefix="vigie-campaign.")
        cls.daemon = lib.Serve("--state-dir", os.path.join(cls.place.name, "state"),
                               "--interval", "1s")
        cls.daemon.__enter__()
        cls.log = campaign.Log(os.path.join(cls.place.name, "state", "events.ndjson"))

    @classmethod
    def tearDownClass(cls):
        cls.daemon.__exit__()
        cls.place.cleanup()

    def test_faults_are_found_in_time_and_culprits_named(self):
        for scenario in SCENARIOS:
            if scenario.name not in SHORT:
                continue
            with self.subTest(scenario.name):
                outcome = campaign.run(scenario, self.log, settle_s=3)
                lib.needs(not outcome.skipped, outcome.skipped)
                self.assertTrue(outcome.answer, "not found")
                self.assertLessEqual(outcome.delay_s, scenario.limit_s)
                self.assertTrue(outcome.culprit_right, campaign.culprits(outcome.answer))

    def test_look_alikes_raise_no_alarm(self):
        """All at once; the long campaign has each alone."""
        starts = [s.start for s in SCENARIOS if s.name in LOOKALIKES]
        self.assertEqual(len(starts), len(LOOKALIKES))

        def look_alikes(stage):
            for start in starts:
                start(stage)
        self.assertEqual(campaign.run(Scenario(look_alikes, lasts_s=30), self.log, settle_s=1).loud, [])


if __name__ == "__main__":
    unittest.main()
