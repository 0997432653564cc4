//! Audio data sets for training: leak-free splits, parallel loading, feature cache.
