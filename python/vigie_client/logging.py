# SPDX-License-Identifier: GPL-2.0-only
"""logging - vigie's findings as records of Python's logging.

    import logging
    import vigie_client.logging
    logging.basicConfig(level=logging.INFO)
    vigie_client.logging.follow(logging.getLogger("vigie"))

A finding is logged as it begins, again if it becomes worse or less bad, and, at INFO, as it ends. A record has, beside
what logging gives it: vigie_id, vigie_rule, vigie_severity, vigie_since, vigie_action (finding-start, finding-update,
finding-end, as the log of vigie has them), and where vigie's log is at hand vigie_unit, vigie_comm, vigie_pid and
vigie_culprits. Formatters and handlers of a program find them there.
"""
import logging
import threading
import time

from . import connect
from ._errors import Error

# docs/log.md; what a later vigie may add is not lost for want of a name.
LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR,
          "critical": logging.CRITICAL}
KNOWN_MAX = 4096  # findings that are under way
STORIES_MAX = 20  # of one poll: each is a question of its own
LOGGED_S = 0.25  # another process writes vigie's log: a finding may be under way before it is there


def level_of(severity):
    """vigie's level as logging's."""
    return LEVELS.get(severity, logging.WARNING)


def _people(story):
    if story is None:
        return {"vigie_unit": None, "vigie_comm": None, "vigie_pid": None, "vigie_culprits": []}
    return {"vigie_unit": story.process.unit, "vigie_comm": story.process.comm, "vigie_pid": story.process.pid,
            "vigie_culprits": [culprit._asdict() for culprit in story.culprits]}


def record_of(finding, logger, action="finding-start", story=None):
    """A finding as a LogRecord of a logger. Its message is text, whatever stands in it: no format, one line."""
    ended = action == "finding-end"
    extra = {"vigie_id": finding.id, "vigie_rule": finding.rule, "vigie_severity": finding.severity,
             "vigie_since": finding.since, "vigie_action": action, **_people(story)}
    message = f"ended: {finding.message}" if ended else finding.message
    level = logging.INFO if ended else level_of(finding.severity)
    return logger.makeRecord(logger.name, level, "vigie", 0, message, None, None, extra=extra)


class Follower:
    """What of findings was logged already. poll() is one look; who has a loop of his own calls it there."""

    def __init__(self, logger=None, client=None):
        self.logger = logger or logging.getLogger("vigie")
        self.client = client or connect()
        self._known = {}
        self._silent = False
        self._stories = 0

    def _story(self, finding):
        """None: vigie keeps no log, or not that long, or too many began at once."""
        self._stories += 1
        if self._stories > STORIES_MAX:
            return None
        for wait in (LOGGED_S, 0):
            try:
                return self.client.story(finding.id)
            except Error as error:
                if error.status != 404:
                    return None
            time.sleep(wait)
        return None

    def _log(self, finding, action):
        level = logging.INFO if action == "finding-end" else level_of(finding.severity)
        if not self.logger.isEnabledFor(level):
            return
        story = None if action == "finding-end" else self._story(finding)
        self.logger.handle(record_of(finding, self.logger, action, story))

    def _answers(self):
        """The findings, or None: then the log says so, once."""
        try:
            found = self.client.findings()
        except Error as error:
            if not self._silent:
                self.logger.error("vigie does not answer: %s", error)
            self._silent = True
            return None
        if self._silent:
            self.logger.info("vigie answers again")
        self._silent = False
        return found

    def poll(self):
        """Logs what changed since the last time; how many findings that were."""
        found = self._answers()
        if found is None:
            return 0
        self._stories = changes = 0
        now = {finding.id: finding for finding in found[:KNOWN_MAX]}
        for finding in now.values():
            before = self._known.get(finding.id)
            if before is None or before.severity != finding.severity:
                self._log(finding, "finding-update" if before else "finding-start")
                changes += 1
        for finding_id, finding in self._known.items():
            if finding_id not in now:
                self._log(finding, "finding-end")
                changes += 1
        self._known = now
        return changes


def follow(logger=None, client=None, every=5.0, stop=None):
    """Logs findings until the threading.Event `stop` is set; without one for good. In a thread of its own:

        threading.Thread(target=vigie_client.logging.follow, daemon=True).start()
    """
    follower = Follower(logger, client)
    stop = stop or threading.Event()
    while True:
        follower.poll()
        if stop.wait(every):
            return
