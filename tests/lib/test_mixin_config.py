# SPDX-License-Identifier: GPL-2.0-only
"""What deploy/mixin's _config promises of the alerts; what is made with its defaults is checked by promtool."""
import json
import os
import shutil
import subprocess
import unittest

MIXIN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "deploy", "mixin", "mixin.libsonnet")


@unittest.skipUnless(shutil.which("jsonnet"), "jsonnet is not installed")
class Alerts(unittest.TestCase):
    @staticmethod
    def annotations(**config):
        """{alert: its annotations}"""
        made = subprocess.run(
            ["jsonnet", "-e", f"((import '{MIXIN}') + {{ _config+:: {json.dumps(config)} }}).prometheusAlerts"],
            stdout=subprocess.PIPE, check=True)
        return {rule["alert"]: rule["annotations"]
                for group in json.loads(made.stdout)["groups"] for rule in group["rules"]}

    def test_each_has_a_command(self):
        for alert, said in self.annotations(downCommand="kubectl -n vigie get pods").items():
            expected = "kubectl " if alert == "VigieDown" else "vigie once --at @"
            self.assertTrue(said.get("command", "").startswith(expected), (alert, said))

    def test_links_have_the_scheme(self):
        for scheme in "http", "https":
            urls = [said["page_url"] for said in self.annotations(pageScheme=scheme).values() if "page_url" in said]
            self.assertGreater(len(urls), 5)
            self.assertEqual({url.partition("://")[0] for url in urls}, {scheme})

    def test_a_page_elsewhere(self):
        urls = {said.get("page_url") for said in self.annotations(pageUrl="https://x.example/?at=%(at)s").values()}
        self.assertEqual({url[:24] for url in urls if url}, {"https://x.example/?at={{"})


if __name__ == "__main__":
    unittest.main()
