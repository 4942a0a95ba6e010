# SPDX-License-Identifier: GPL-2.0-only
"""trend - whether something that was measured over and over has grown.

Owns the arithmetic of the soak: pure. Not here: what is measured (tests/soak).
"""
import statistics

MOST = 600  # samples; every pair of them is looked at


def thinned(samples, most=MOST):
    """At most so many of them, evenly."""
    step = -(-len(samples) // most)
    return samples[::max(step, 1)]


def slope(samples):
    """Theil-Sen of [(seconds, value)]: the median of the slopes of all pairs, a second.

    Up to 29 % of the samples may be anything: a session's buffer, a burst, a page that was shared."""
    points = thinned(sorted(samples))
    slopes = [(v2 - v1) / (t2 - t1) for i, (t1, v1) in enumerate(points)
              for t2, v2 in points[i + 1:] if t2 > t1]
    if not slopes:
        raise ValueError(f"{len(samples)} samples have no slope")
    return statistics.median(slopes)


def floor_grown(samples, warm_up):
    """Of what is counted: the least in the last quarter, less that in the first after the warm-up.

    One that stays is seen, however rarely that happens."""
    first = min(t for t, _ in samples)
    late = [v for t, v in sorted(samples) if t >= first + warm_up]
    quarter = max(len(late) // 4, 1)
    return min(late[-quarter:]) - min(late[:quarter])


class Trend:
    """What became of a series after its warm-up.

    grown: what the slope makes of the whole time that was looked at; it must not exceed `bound`."""

    def __init__(self, samples, warm_up, bound):
        first = min(t for t, _ in samples)
        late = [(t, v) for t, v in samples if t >= first + warm_up]
        self.seconds = max(t for t, _ in late) - min(t for t, _ in late)
        self.median = statistics.median(v for _, v in late)
        self.slope = slope(late)
        self.grown = self.slope * self.seconds
        self.bound = bound(self.median) if callable(bound) else bound

    @property
    def holds(self):
        return self.grown <= self.bound
