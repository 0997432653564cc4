//! Music features equal to librosa's: mel, MFCC, deltas, chroma, onset, tempo, beats, the five-channel stack.
