"""librosa over a folder, in a pool of processes: IN OUT WORKERS."""

import sys
from functools import partial
from multiprocessing import Pool

from files import SR, main, missing, save

try:
    import librosa
except ImportError as error:
    missing(error)
    sys.exit()


def extract(out, path):
    y, _ = librosa.load(path, sr=SR)
    save(out, path, librosa.power_to_db(librosa.feature.melspectrogram(y=y, sr=SR)))


def run(paths, out, workers):
    # What librosa imports at first use is imported once, before the processes are split off.
    librosa.feature.melspectrogram(y=librosa.tone(440, sr=SR, length=SR), sr=SR)
    with Pool(workers) as pool:
        for _ in pool.imap_unordered(partial(extract, out), paths, chunksize=8):
            pass


if __name__ == "__main__":
    main(f"librosa {librosa.__version__}", run)
