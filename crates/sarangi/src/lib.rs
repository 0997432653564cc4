//! Teach machines to hear music: decode audio, compute features, train convolutional networks, predict. The facade of the Sarangi crates.
