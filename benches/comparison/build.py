"""Our side, built by cargo."""

import json
import subprocess
import sys


def binary(name):
    """Builds a binary of this package for release; the command that runs it.

    It is run by its path and not through `cargo run`, whose own memory would count as the
    worker's.
    """
    build = ["cargo", "build", "--release", "--package", "sarangi-benches", "--bin", name]
    build += ["--message-format", "json-render-diagnostics"]
    built = subprocess.run(build, check=False, stdout=subprocess.PIPE, text=True)
    if built.returncode != 0:
        sys.exit(f"our worker could not be built: {' '.join(build)}")
    for line in built.stdout.splitlines():
        message = json.loads(line)
        if message.get("executable") and message["target"]["name"] == name:
            return [message["executable"]]
    sys.exit(f"cargo named no executable for {name}")
