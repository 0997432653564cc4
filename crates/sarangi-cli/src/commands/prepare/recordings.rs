//! Whether a folder holds recordings, not what was made of them.

use std::path::Path;

use sarangi::core::Error;
use sarangi::data::AugmentedCopy;

/// Refuses a folder of augmented copies: what is made of it would lose the list that keeps copies of
/// what tests out of training.
pub(super) fn refuse_copies(input: &Path) -> Result<(), Error> {
    let list = input.join(AugmentedCopy::LIST);
    match list.exists() {
        false => Ok(()),
        true => {
            let reason = "says that the folder holds augmented copies, of which nothing more is \
                          made; name the folder of their originals, and augment last";
            Err(Error::data(list, reason))
        }
    }
}
