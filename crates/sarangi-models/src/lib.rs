//! Networks for music audio and readers for their weights: safetensors and torch checkpoints.
