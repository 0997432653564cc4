//! Which values dropout sets to zero.

/// A dropout that needs no memory: whether value i is dropped is a function of a key and of i.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mask {
    key: [u32; 2],
    /// Values whose hash is below this are dropped.
    threshold: u32,
    /// What the others are multiplied by.
    scale: f32,
}

impl Mask {
    /// Drops with probability `p` in [0, 1), to a resolution of 2⁻³².
    pub(crate) fn new(key: u64, p: f32) -> Self {
        Self {
            key: [key as u32, (key >> 32) as u32],
            threshold: (f64::from(p) * 4_294_967_296.0) as u32,
            scale: 1.0 / (1.0 - p),
        }
    }

    /// The key, the threshold and the scale, for kernels elsewhere.
    pub(crate) fn numbers(&self) -> ([u32; 2], u32, f32) {
        (self.key, self.threshold, self.scale)
    }

    /// The mask of the values from number `first` on.
    pub(crate) fn from(mut self, first: usize) -> Self {
        // A number is added to the key first of all.
        self.key[0] = self.key[0].wrapping_add(first as u32);
        self
    }

    /// What value `i` is multiplied by. The mixing is Wellons's `lowbias32` with the key's second
    /// half between its rounds; 32-bit arithmetic, which vectors have.
    #[inline(always)]
    pub(crate) fn factor(&self, i: u32) -> f32 {
        let mut z = i.wrapping_add(self.key[0]);
        z = (z ^ (z >> 16)).wrapping_mul(0x7feb_352d);
        z = (z ^ (z >> 15) ^ self.key[1]).wrapping_mul(0x846c_a68b);
        z ^= z >> 16;
        if z < self.threshold { 0.0 } else { self.scale }
    }

    /// Multiplies the values that begin at `first` by their factors.
    #[inline(always)]
    pub(crate) fn apply(&self, first: usize, values: &mut [f32]) {
        for (i, value) in values.iter_mut().enumerate() {
            *value *= self.factor((first as u32).wrapping_add(i as u32));
        }
    }
}
