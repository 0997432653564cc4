"""kaldi-native-fbank, for the suite `features`."""

import sys

import numpy as np
from samples import missing, samples, serve

try:
    import kaldi_native_fbank as knf
except ImportError as error:
    missing(error)
    sys.exit()

SR = 22050


def settings(options):
    frame = options.frame_opts
    frame.samp_freq = SR
    frame.frame_length_ms = 2048 * 1000 / SR
    frame.frame_shift_ms = 512 * 1000 / SR
    frame.dither = 0
    frame.preemph_coeff = 0
    frame.remove_dc_offset = False
    frame.window_type = "hann"
    options.mel_opts.num_bins = 128
    options.mel_opts.low_freq = 0
    options.mel_opts.is_librosa = True
    return options


def build(spec):
    if spec["op"] != "feature" or spec["name"] not in ("log-mel", "mfcc"):
        raise ValueError("only log-mel and mfcc here")
    if spec["name"] == "log-mel":
        kind, options = knf.OnlineFbank, settings(knf.FbankOptions())
    else:
        kind, options = knf.OnlineMfcc, settings(knf.MfccOptions())
        options.num_ceps = spec["settings"]["n_mfcc"]
        options.use_energy = False
    y = samples(spec).tolist()

    def iteration():
        stream = kind(options)
        stream.accept_waveform(SR, y)
        stream.input_finished()
        return np.stack([stream.get_frame(i) for i in range(stream.num_frames_ready)], axis=1)

    return iteration


serve(f"kaldi-native-fbank {knf.__version__}", build)
