# SPDX-License-Identifier: GPL-2.0-only
"""A leak is seen through noise, and noise is no leak."""
import random
import unittest

from trend import Trend, floor_grown, slope


def series(seconds, per_second, noise, seed=1, spikes=0):
    """A value a second: 20 000 and a line, uniform noise, some samples far off."""
    r = random.Random(seed)
    return [(t, 20000 + per_second * t + r.uniform(-noise, noise) +
             (r.random() < spikes) * r.uniform(0, 9000)) for t in range(seconds)]


class Slope(unittest.TestCase):
    def test_a_line(self):
        self.assertAlmostEqual(slope([(t, 3 * t) for t in range(50)]), 3)

    def test_noise_and_spikes_do_not_move_it(self):
        for seed in range(5):
            self.assertAlmostEqual(slope(series(600, 0.5, 100, seed, spikes=0.2)), 0.5, delta=0.1)

    def test_no_pair_is_no_answer(self):
        self.assertRaises(ValueError, slope, [(1, 1), (1, 2)])


class Judged(unittest.TestCase):
    def test_a_leak_exceeds_the_bound(self):
        self.assertFalse(Trend(series(600, 1, 100, spikes=0.1), 100, 256).holds)

    def test_one_more_at_a_time_does(self):
        self.assertFalse(Trend([(t, 40 + t // 200) for t in range(600)], 60, 0).holds)

    def test_noise_does_not(self):
        for seed in range(5):
            self.assertTrue(Trend(series(600, 0, 100, seed, spikes=0.1), 100, 64).holds)

    def test_what_grows_only_at_first_does_not(self):
        samples = [(t, min(t, 100) * 50) for t in range(600)]
        self.assertTrue(Trend(samples, 110, 0).holds)
        self.assertFalse(Trend(samples[:150], 0, 0).holds)

    def test_what_shrinks_does_not(self):
        self.assertTrue(Trend(series(600, -1, 10), 100, 0).holds)


class Floors(unittest.TestCase):
    def test_one_that_stays_is_seen(self):
        self.assertEqual(floor_grown([(t, 40 + (t > 300)) for t in range(600)], 60), 1)

    def test_those_that_come_and_go_are_not(self):
        r = random.Random(1)
        self.assertEqual(floor_grown([(t, 40 + r.randrange(9)) for t in range(600)], 60), 0)


if __name__ == "__main__":
    unittest.main()
