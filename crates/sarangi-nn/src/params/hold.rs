//! What training leaves as it is, by name.

use super::NamePatterns;

/// Which parameters of a network training leaves as they are.
///
/// Patterns go over all names, running statistics included: `layer1.*` holds a whole stage, its norms
/// in evaluation; `*.running_*` holds the statistics of every norm, whose weights are trained.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hold {
    /// What stays as it is.
    pub held: NamePatterns,
    /// What is trained nevertheless: it goes above everything else.
    pub free: NamePatterns,
}

impl Hold {
    /// Whether what has this full name changes in training; none if nothing is said of it.
    pub(super) fn rules(&self, name: &str) -> Option<bool> {
        match (self.free.matches(name), self.held.matches(name)) {
            (true, _) => Some(true),
            (false, true) => Some(false),
            (false, false) => None,
        }
    }
}
