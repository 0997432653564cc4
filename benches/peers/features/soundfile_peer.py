"""soundfile, for the suite `features`."""

import sys

from samples import missing, path, serve

try:
    import soundfile
except (ImportError, OSError) as error:
    missing(error)
    sys.exit()


def build(spec):
    if spec["op"] != "decode":
        raise ValueError("only decode here")
    return lambda: soundfile.read(path(spec), dtype="float32")[0].T


serve(f"soundfile {soundfile.__version__}", build)
