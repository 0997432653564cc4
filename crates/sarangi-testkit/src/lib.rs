//! Goldens, test signals and tolerances of the Sarangi workspace.
