//! The formats that this build reads.

/// Their names for people, such as `WAV`.
pub(crate) fn formats() -> Vec<&'static str> {
    let all = [
        ("WAV", cfg!(feature = "wav")),
        ("FLAC", cfg!(feature = "flac")),
        ("MP3", cfg!(feature = "mp3")),
        ("Ogg Vorbis", cfg!(feature = "ogg")),
        ("AU", cfg!(feature = "au")),
        ("M4A", cfg!(feature = "aac")),
        ("MKV", cfg!(feature = "mkv")),
    ];
    let built = all.into_iter().filter(|(_, built)| *built);
    built.map(|(name, _)| name).collect()
}
