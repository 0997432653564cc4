//! Compressed sound, decoded by symphonia.

mod ending;

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

use ndarray::Array2;
use symphonia::core::codecs::audio::well_known as codec;
use symphonia::core::codecs::audio::{AudioCodecId, AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error as Cause;
use symphonia::core::formats::{FormatOptions, FormatReader, Track, TrackType};
use symphonia::core::io::{MediaSource, MediaSourceStream};
use symphonia::default::{formats, get_codecs};

use crate::blocks::{Blocks, Opened};
use crate::fault::Fault;
use crate::source::Source;
use crate::{AudioFormat, AudioInfo};
use ending::Ending;

pub(crate) fn open(format: AudioFormat, mut source: Source) -> Result<Opened, Fault> {
    if format == AudioFormat::Mp3 {
        let end = source.len() - ending::trailer_len(&mut source)?;
        source = source.section(0, end)?;
    }
    let ending = Ending::of(format, &mut source)?;
    let reader = guard(|| read_header(format, source).map_err(fault))?;
    let track = reader
        .default_track(TrackType::Audio)
        .ok_or_else(|| Fault::bad("has no audio track"))?;
    let parameters = track
        .codec_params
        .as_ref()
        .and_then(|parameters| parameters.audio())
        .ok_or_else(|| Fault::bad("has no audio track"))?;
    let decoder = guard(|| {
        get_codecs()
            .make_audio_decoder(parameters, &AudioDecoderOptions::default())
            .map_err(|cause| match cause {
                Cause::Unsupported(_) => unsupported(parameters.codec),
                other => fault(other),
            })
    })?;
    let promised = length(track, parameters.sample_rate);
    let name = decoder.codec_info().short_name;
    let mut blocks = PacketBlocks {
        track: track.id,
        reader,
        decoder,
        pending: None,
        spec: None,
        samples: 0,
        ending,
        last_packet: Vec::new(),
    };
    // The header of some formats says neither rate nor channels: the first packet does.
    blocks.pending = blocks.decode_next()?;
    let Some((hz, channels)) = blocks.spec else {
        return Err(match promised {
            None | Some(0) => Fault::bad("has no sound in it: the audio track is empty"),
            Some(_) => Fault::truncated("it ends before the first packet of sound does"),
        });
    };
    let info = AudioInfo::new(format, name, hz, channels)?;
    Ok(Opened {
        info: match promised {
            Some(samples) => info.with_samples(samples),
            None => info,
        },
        blocks: Box::new(blocks),
    })
}

/// Reads the header of the format that the content shows, with no guessing on symphonia's side.
fn read_header(format: AudioFormat, source: Source) -> Result<Box<dyn FormatReader>, Cause> {
    let stream = MediaSourceStream::new(
        Box::new(Media {
            source,
            // Given a file without a frame count that it can seek in, symphonia 0.6.1 guesses the
            // length from the first frames and cuts off whatever lies behind it.
            seekable: format != AudioFormat::Mp3,
        }),
        Default::default(),
    );
    let options = FormatOptions::default();
    match format {
        #[cfg(feature = "flac")]
        AudioFormat::Flac => Ok(Box::new(formats::FlacReader::try_new(stream, options)?)),
        #[cfg(feature = "mp3")]
        AudioFormat::Mp3 => Ok(Box::new(formats::MpaReader::try_new(stream, options)?)),
        #[cfg(feature = "ogg")]
        AudioFormat::Ogg => Ok(Box::new(formats::OggReader::try_new(stream, options)?)),
        #[cfg(feature = "aac")]
        AudioFormat::Aac => Ok(Box::new(formats::AdtsReader::try_new(stream, options)?)),
        #[cfg(feature = "aac")]
        AudioFormat::Mp4 => Ok(Box::new(formats::IsoMp4Reader::try_new(stream, options)?)),
        #[cfg(feature = "mkv")]
        AudioFormat::Mkv => Ok(Box::new(formats::MkvReader::try_new(stream, options)?)),
        _ => Err(Cause::Unsupported("format")),
    }
}

struct Media {
    source: Source,
    seekable: bool,
}

impl io::Read for Media {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.source.read(buffer)
    }
}

impl io::Seek for Media {
    fn seek(&mut self, to: io::SeekFrom) -> io::Result<u64> {
        self.source.seek(to)
    }
}

impl MediaSource for Media {
    fn is_seekable(&self) -> bool {
        self.seekable
    }

    fn byte_len(&self) -> Option<u64> {
        self.seekable.then(|| self.source.len())
    }
}

struct PacketBlocks {
    reader: Box<dyn FormatReader>,
    decoder: Box<dyn AudioDecoder>,
    track: u32,
    /// The block that was decoded ahead to learn the rate and the channels.
    pending: Option<Array2<f32>>,
    /// Rate in Hz and channels, once a packet has been decoded.
    spec: Option<(u32, usize)>,
    samples: u64,
    ending: Ending,
    last_packet: Vec<u8>,
}

impl Blocks for PacketBlocks {
    fn next(&mut self) -> Result<Option<Array2<f32>>, Fault> {
        match self.pending.take() {
            Some(block) => Ok(Some(block)),
            None => self.decode_next(),
        }
    }
}

impl PacketBlocks {
    fn decode_next(&mut self) -> Result<Option<Array2<f32>>, Fault> {
        loop {
            let packet = guard(|| self.reader.next_packet().map_err(fault));
            let packet = match packet.map_err(|fault| self.placed(fault))? {
                None => {
                    self.ending.check(&self.last_packet)?;
                    return Ok(None);
                }
                Some(packet) if packet.track_id != self.track => continue,
                Some(packet) => packet,
            };
            let decoded = guard(|| {
                let buffer = self.decoder.decode(&packet).map_err(fault)?;
                let spec = (buffer.spec().rate(), buffer.num_planes());
                let mut block = Array2::<f32>::zeros((spec.1, buffer.frames()));
                let mut rows: Vec<&mut [f32]> = block
                    .outer_iter_mut()
                    .filter_map(ndarray::ArrayViewMut1::into_slice)
                    .collect();
                if buffer.frames() > 0 {
                    buffer.copy_to_slice_planar::<f32, _>(&mut rows);
                }
                Ok((spec, block))
            });
            let (spec, block) = decoded.map_err(|fault| self.placed(fault))?;
            self.last_packet = packet.data.into_vec();
            if block.is_empty() {
                continue;
            }
            if *self.spec.get_or_insert(spec) != spec {
                return Err(self.placed(Fault::bad("changes its rate or its channels")));
            }
            self.samples += block.ncols() as u64;
            return Ok(Some(block));
        }
    }

    /// Adds the time to a reason.
    fn placed(&self, fault: Fault) -> Fault {
        let hz = self.spec.map_or(1, |(hz, _)| hz.max(1));
        match fault {
            Fault::Bad(reason) => Fault::Bad(format!(
                "is damaged at {:.3} s: {reason}",
                self.samples as f64 / f64::from(hz)
            )),
            other => other,
        }
    }
}

/// Runs foreign code over foreign bytes: a panic there is a damaged file here.
fn guard<T>(run: impl FnOnce() -> Result<T, Fault>) -> Result<T, Fault> {
    catch_unwind(AssertUnwindSafe(run))
        .unwrap_or_else(|_| Err(Fault::bad("the decoder cannot make sense of it")))
}

fn fault(cause: Cause) -> Fault {
    match cause {
        Cause::IoError(e) if e.kind() == io::ErrorKind::UnexpectedEof => {
            Fault::truncated("it ends in the middle of a packet")
        }
        Cause::IoError(e) => Fault::Io(e),
        // What the demultiplexers say of a file that was cut: MP4 has its index at the end, and a
        // Matroska segment must be whole.
        Cause::Unsupported("isomp4: missing moov atom") => Fault::truncated("it has no index"),
        Cause::Unsupported("mkv: missing segment element") => Fault::truncated("it is cut off"),
        Cause::ResetRequired => Fault::unsupported("a chain of several streams in one file"),
        other => Fault::Bad(other.to_string()),
    }
}

fn unsupported(id: AudioCodecId) -> Fault {
    let (what, feature) = match id {
        codec::CODEC_ID_OPUS => ("opus", None),
        codec::CODEC_ID_AC3 => ("AC-3", None),
        codec::CODEC_ID_AAC => ("AAC", Some("aac")),
        codec::CODEC_ID_ALAC => ("ALAC", Some("aac")),
        codec::CODEC_ID_FLAC => ("FLAC", Some("flac")),
        codec::CODEC_ID_MP3 => ("MP3", Some("mp3")),
        codec::CODEC_ID_VORBIS => ("vorbis", Some("ogg")),
        _ => ("the codec of its audio track", None),
    };
    Fault::Unsupported {
        what: what.into(),
        feature,
    }
}

/// The number of samples that a container promises.
fn length(track: &Track, hz: Option<u32>) -> Option<u64> {
    track.num_frames.or_else(|| {
        let time = track.time_base?.calc_duration(track.duration?)?;
        Some((time.as_secs_f64() * f64::from(hz?)).round() as u64)
    })
}
