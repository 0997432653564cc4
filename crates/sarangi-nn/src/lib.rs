//! Trainable layers on candle tensors with right gradients: convolution, pooling, batch norm, dropout, losses.
