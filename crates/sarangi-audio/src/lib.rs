//! Music audio in and out: decoding, WAV writing, downmix, resampling on load, chunks, folder scans with quarantine.
