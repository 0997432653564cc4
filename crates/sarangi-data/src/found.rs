//! What ranks that each read some files of a data set tell each other of them.

use sarangi_audio::Quarantine;
use sarangi_core::{Communicator, Error, Result};
use serde::{Deserialize, Serialize};

use crate::corpus::track;
use crate::{Listing, Track};

/// What one rank has found.
#[derive(Serialize, Deserialize)]
struct Found {
    tracks: Vec<FoundTrack>,
    quarantine: Quarantine,
}

/// A track but for what the listing says of it.
#[derive(Serialize, Deserialize)]
struct FoundTrack {
    /// The file, by its number in the listing.
    file: usize,
    content: String,
    key: String,
    chunks: usize,
}

/// The tracks that all ranks have made of the files of a listing, in its order, and the files that none
/// could use, given those of this rank with their files' numbers.
pub(crate) fn exchange(
    ranks: &dyn Communicator,
    listing: &Listing,
    tracks: Vec<(usize, Track)>,
    quarantine: Quarantine,
) -> Result<(Vec<Track>, Quarantine)> {
    if ranks.size() == 1 {
        let tracks = tracks.into_iter().map(|(_, track)| track).collect();
        return Ok((tracks, quarantine));
    }
    let own = Found {
        tracks: tracks
            .into_iter()
            .map(|(file, track)| FoundTrack {
                file,
                content: track.content,
                key: track.key,
                chunks: track.chunks,
            })
            .collect(),
        quarantine,
    };
    let bytes = serde_json::to_vec(&own);
    let bytes = bytes.map_err(|e| Error::cluster(ranks.rank(), e.to_string()))?;
    let (mut tracks, mut quarantine) = (Vec::new(), Quarantine::default());
    for (rank, bytes) in ranks.gather(bytes)?.into_iter().enumerate() {
        let fail = |reason: String| Error::cluster(rank, reason);
        let found: Found = serde_json::from_slice(&bytes).map_err(|e| fail(e.to_string()))?;
        quarantine.merge(found.quarantine);
        for found in found.tracks {
            let FoundTrack {
                file,
                content,
                key,
                chunks,
            } = found;
            let missing = || fail("its data set is not the one of the others".into());
            let listed = listing.files.get(file).ok_or_else(missing)?;
            tracks.push((file, track(listed, content, key, chunks)));
        }
    }
    tracks.sort_by_key(|(file, _)| *file);
    Ok((
        tracks.into_iter().map(|(_, track)| track).collect(),
        quarantine,
    ))
}
