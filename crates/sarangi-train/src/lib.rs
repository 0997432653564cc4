//! Training for music audio: recipes, optimisers, trainer, checkpoints, and the classifier that predicts from a model file.
