//! Honest evaluation: metrics at chunk and track level, confusion matrices, plots.
