//! Discrete wavelet transforms.

pub(crate) mod design;
pub(crate) mod dwt;
pub(crate) mod extension;
pub(crate) mod family;
pub(crate) mod packets;
pub(crate) mod step;
