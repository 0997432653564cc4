"""The sides' commands, built by cargo where they are Rust."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from comparison.worker import MissingPeer

PEERS = Path(__file__).resolve().parents[1] / "peers"
ROOT = PEERS.parents[1]


@dataclass(frozen=True)
class Script:
    """A peer in Python: a file in benches/peers."""

    path: str

    def command(self):
        return [sys.executable, str(PEERS / self.path)]


@dataclass(frozen=True)
class Crate:
    """A peer in Rust, one of those that benches/peers/rust knows by their names.

    That package is no member of the workspace, so that nobody who builds Sarangi compiles it.
    """

    name: str

    def command(self):
        return [*crates(), self.name]


@cache
def crates():
    manifest = PEERS / "rust" / "Cargo.toml"
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "peers"
    options = ["--manifest-path", str(manifest), "--target-dir", str(target), "--locked"]
    try:
        return built("sarangi-peers", options)
    except BuildError as error:
        raise MissingPeer(str(error)) from error


class BuildError(Exception):
    """Cargo could not build something."""


def binary(package, name):
    """Builds a binary of ours for release; the command that runs it.

    It is run by its path and not through `cargo run`, whose own memory would count as the
    worker's.
    """
    try:
        return built(name, ["--package", package])
    except BuildError as error:
        sys.exit(f"our side: {error}")


def built(name, options):
    build = ["cargo", "build", "--release", *options, "--bin", name]
    build += ["--message-format", "json-render-diagnostics"]
    try:
        done = subprocess.run(build, check=False, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    except OSError as error:
        raise BuildError(f"cargo cannot be run: {error}") from error
    if done.returncode != 0:
        raise BuildError(f"could not be built: {' '.join(build)}")
    for line in done.stdout.splitlines():
        message = json.loads(line)
        if message.get("executable") and message["target"]["name"] == name:
            return [message["executable"]]
    raise BuildError(f"cargo named no executable for {name}")
