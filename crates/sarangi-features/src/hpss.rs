//! What lasts and what strikes.

pub(crate) mod feature;
mod masks;
pub(crate) mod separate;
pub(crate) mod settings;
