//! The history for TensorBoard.

mod message;
mod record;

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;

use prost::Message;
use sarangi_core::{Error, Result, write_atomically};

use crate::EpochRecord;
use message::{Event, Summary, Value};

/// Writes the scalars of every epoch as an event file of TensorBoard: losses, accuracies and the
/// learning rate over epochs.
///
/// The file depends on the history alone (the wall time of an epoch is its number, in seconds), so
/// that a run that is taken up again has the same bytes.
///
/// # Errors
/// [`Error::Io`] if it cannot be written.
pub(crate) fn write(path: &Path, history: &[EpochRecord]) -> Result<()> {
    let first = Event {
        file_version: Some("brain.Event:2".to_owned()),
        ..Event::default()
    };
    let events = std::iter::once(first).chain(history.iter().map(event));
    let mut bytes = Vec::new();
    for event in events {
        record::append(&mut bytes, &event.encode_to_vec());
    }
    extend(path, &bytes)
}

/// Makes a file hold these bytes. TensorBoard keeps a file open and waits for more, so that one put
/// in its place would never be seen: if the file is the beginning of the bytes (also if whoever wrote
/// it was stopped in between), what it lacks is added.
fn extend(path: &Path, bytes: &[u8]) -> Result<()> {
    let io = |e| Error::io(path, e);
    let old = fs::read(path).unwrap_or_default();
    match bytes.strip_prefix(&old[..]).filter(|_| path.exists()) {
        Some(rest) => {
            let mut file = OpenOptions::new().append(true).open(path).map_err(io)?;
            file.write_all(rest).map_err(io)
        }
        None => write_atomically(path, |out| out.write_all(bytes).map_err(io)),
    }
}

fn event(record: &EpochRecord) -> Event {
    let scalars = [
        ("loss/train", Some(record.train_loss)),
        ("loss/valid", record.valid_loss),
        ("accuracy/train", Some(record.train_accuracy)),
        ("accuracy/valid", record.valid_accuracy),
        ("accuracy/valid_tracks", record.valid_track_accuracy),
        ("balanced_accuracy/valid", record.valid_balanced_accuracy),
        ("macro_f1/valid", record.valid_macro_f1),
        ("lr", Some(record.lr_end.unwrap_or(record.lr))),
    ];
    let value = |(tag, number): (&str, Option<f64>)| {
        Some(Value {
            tag: tag.to_owned(),
            simple_value: Some(number? as f32),
        })
    };
    Event {
        wall_time: record.epoch as f64,
        step: record.epoch as i64,
        summary: Some(Summary {
            value: scalars.into_iter().filter_map(value).collect(),
        }),
        ..Event::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(epochs: usize) -> Vec<EpochRecord> {
        let record = |epoch| EpochRecord {
            epoch,
            lr: 0.5,
            lr_end: Some(0.25),
            train_loss: 2.0 / epoch as f64,
            train_accuracy: 0.5,
            valid_loss: Some(3.0),
            ..EpochRecord::default()
        };
        (1..=epochs).map(record).collect()
    }

    /// The events of a file, read back record by record.
    fn events(bytes: &[u8]) -> Vec<Event> {
        let records = record::split(bytes).unwrap();
        let events = records.into_iter().map(Event::decode);
        events.collect::<Result<_, _>>().unwrap()
    }

    #[test]
    fn a_file_holds_every_epoch() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events");
        write(&path, &history(3)).unwrap();
        let events = events(&fs::read(&path).unwrap());
        assert_eq!(events[0].file_version.as_deref(), Some("brain.Event:2"));
        assert_eq!(events.len(), 4);
        let last = &events[3];
        assert_eq!((last.step, last.wall_time), (3, 3.0));
        let values = &last.summary.as_ref().unwrap().value;
        let values: Vec<_> = values
            .iter()
            .map(|value| (value.tag.as_str(), value.simple_value.unwrap()))
            .collect();
        let expected = [
            ("loss/train", 2.0 / 3.0),
            ("loss/valid", 3.0),
            ("accuracy/train", 0.5),
            ("lr", 0.25),
        ];
        assert_eq!(values, expected);
    }

    #[test]
    fn a_file_grows_and_another_one_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events");
        write(&path, &history(3)).unwrap();
        let whole = fs::read(&path).unwrap();
        let open = fs::File::open(&path).unwrap();
        // Stopped in the middle of a record.
        fs::write(&path, &whole[..whole.len() - 20]).unwrap();
        write(&path, &history(3)).unwrap();
        assert_eq!(fs::read(&path).unwrap(), whole);
        assert_eq!(open.metadata().unwrap().len(), whole.len() as u64);
        write(&path, &history(2)).unwrap();
        let shorter = fs::read(&path).unwrap();
        assert_eq!(shorter, whole[..shorter.len()]);
        fs::write(&path, b"something else").unwrap();
        write(&path, &history(3)).unwrap();
        assert_eq!(fs::read(&path).unwrap(), whole);
    }
}
