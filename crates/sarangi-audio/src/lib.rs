#![doc = include_str!("../README.md")]

mod au;
mod blocks;
mod chunk;
mod decode;
mod encode;
mod fault;
mod files;
mod files_among;
mod format;
mod id3;
mod info;
mod kind;
mod load;
mod open;
mod pcm;
mod planes;
mod quarantine;
mod scan;
mod source;
mod verify;
mod walk;
mod wav;

// The decoders by symphonia.
#[cfg(any(
    feature = "flac",
    feature = "mp3",
    feature = "ogg",
    feature = "aac",
    feature = "mkv"
))]
mod packets;

pub use chunk::{Chunk, ChunkPlan, ChunkSpec, Tail};
pub use decode::{DecodeOptions, Decoder, decode, decode_reader};
pub use encode::{WavFormat, encode_wav, wav_bytes};
pub use files::for_each_file;
pub use files_among::for_each_file_among;
pub use format::AudioFormat;
pub use info::{AudioInfo, inspect};
pub use kind::FileKind;
pub use load::{LoadSpec, load};
pub use quarantine::{Quarantine, Quarantined};
pub use scan::{Scan, ScannedFile, audio_files, files_of, scan_folder, scan_folder_for};
pub use verify::{for_each_decoded, verify};
