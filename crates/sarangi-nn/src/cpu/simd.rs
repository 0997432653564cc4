//! Which instructions the kernels use, chosen when the program runs.

use std::sync::OnceLock;

use pulp::{Scalar128b, Simd, WithSimd};

/// A loop that is compiled once for each instruction set.
///
/// Mark `run` and everything hot that it calls `#[inline(always)]`: only what is inlined into it is
/// compiled with the wider instructions. Plain loops over slices count too, since the compiler
/// turns them into vector instructions.
pub(crate) trait Kernel {
    type Output;

    fn run<S: Lanes>(self, simd: S) -> Self::Output;
}

/// Vectors of f32, and how many rows of a tile of two vectors fit the registers.
pub(crate) trait Lanes: Simd {
    /// Rows of the largest tile that is two vectors wide.
    const ROWS: usize;

    /// `a · b + c`, fused where the machine can; never a call of the C library's `fma`.
    #[inline(always)]
    fn fma(self, a: Self::f32s, b: Self::f32s, c: Self::f32s) -> Self::f32s {
        self.mul_add_e_f32s(a, b, c)
    }

    /// Asks for the memory at this address, which may be any, where the machine can be asked.
    #[inline(always)]
    fn prefetch(self, _at: *const f32) {}

    /// Asks for the memory a page beyond this place of a stream: the machine's own guesses stop at
    /// the end of each page, and a loop that does more than read waits.
    #[inline(always)]
    fn prefetch_beyond<T: ?Sized>(self, here: &T) {
        let here = std::ptr::from_ref(here).cast::<f32>();
        self.prefetch(here.wrapping_byte_add(4096));
    }

    /// The larger of `low` and `x`; `x` if either is not a number.
    #[inline(always)]
    fn at_least(self, low: Self::f32s, x: Self::f32s) -> Self::f32s {
        self.select_f32s(self.less_than_f32s(x, low), low, x)
    }

    /// The smaller of `high` and `x`; `x` if either is not a number.
    #[inline(always)]
    fn at_most(self, high: Self::f32s, x: Self::f32s) -> Self::f32s {
        self.select_f32s(self.greater_than_f32s(x, high), high, x)
    }
}

/// x86's own instruction.
#[cfg(target_arch = "x86_64")]
macro_rules! native_prefetch {
    () => {
        #[inline(always)]
        fn prefetch(self, at: *const f32) {
            use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            #[allow(unsafe_code, reason = "the instruction takes a pointer")]
            // SAFETY: a prefetch reads nothing and may be given any address.
            unsafe {
                _mm_prefetch::<_MM_HINT_T0>(at.cast());
            }
        }
    };
}

/// x86's own minimum and maximum give their second factor if either is not a number.
#[cfg(target_arch = "x86_64")]
macro_rules! native_ends {
    () => {
        #[inline(always)]
        fn at_least(self, low: Self::f32s, x: Self::f32s) -> Self::f32s {
            self.max_f32s(low, x)
        }

        #[inline(always)]
        fn at_most(self, high: Self::f32s, x: Self::f32s) -> Self::f32s {
            self.min_f32s(high, x)
        }
    };
}

/// The instruction sets that have a path of their own.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Isa {
    #[cfg(target_arch = "x86_64")]
    Avx512(pulp::x86::V4),
    #[cfg(target_arch = "x86_64")]
    Avx2(pulp::x86::V3),
    #[cfg(target_arch = "aarch64")]
    Neon(pulp::aarch64::Neon),
    Portable,
}

/// The environment variable that takes a narrower path than the machine offers.
const VARIABLE: &str = "SARANGI_ISA";

impl Isa {
    /// The widest set of this machine, or the one that `SARANGI_ISA` (`avx512`, `avx2`, `neon`,
    /// `portable`) names if this machine has it; found once per process.
    pub(crate) fn current() -> Self {
        static CURRENT: OnceLock<Isa> = OnceLock::new();
        *CURRENT.get_or_init(|| {
            let wanted = std::env::var(VARIABLE).ok();
            let available = Self::available();
            let named = available
                .iter()
                .find(|isa| Some(isa.name()) == wanted.as_deref());
            *named.or(available.first()).unwrap_or(&Self::Portable)
        })
    }

    /// What this machine offers, the widest first.
    fn available() -> Vec<Self> {
        let mut available = Vec::new();
        #[cfg(all(target_arch = "x86_64", not(miri)))]
        {
            available.extend(pulp::x86::V4::try_new().map(Self::Avx512));
            available.extend(pulp::x86::V3::try_new().map(Self::Avx2));
        }
        #[cfg(all(target_arch = "aarch64", not(miri)))]
        available.extend(pulp::aarch64::Neon::try_new().map(Self::Neon));
        available.push(Self::Portable);
        available
    }

    fn name(&self) -> &'static str {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(_) => "avx512",
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(_) => "avx2",
            #[cfg(target_arch = "aarch64")]
            Self::Neon(_) => "neon",
            Self::Portable => "portable",
        }
    }
}

/// Runs a kernel with the current instruction set.
#[inline]
pub(crate) fn run<K: Kernel>(kernel: K) -> K::Output {
    match Isa::current() {
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512(simd) => Simd::vectorize(simd, On(kernel, simd)),
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2(simd) => Simd::vectorize(simd, On(kernel, simd)),
        #[cfg(target_arch = "aarch64")]
        Isa::Neon(simd) => Simd::vectorize(simd, On(kernel, simd)),
        Isa::Portable => kernel.run(Scalar128b),
    }
}

/// Hands the kernel the vectors' own type: pulp's traits know no more than `Simd`.
struct On<K, S>(K, S);

impl<K: Kernel, S: Lanes> WithSimd for On<K, S> {
    type Output = K::Output;

    #[inline(always)]
    fn with_simd<T: Simd>(self, _: T) -> Self::Output {
        self.0.run(self.1)
    }
}

// 14 × 2 sums, two vectors of weights and one value: 31 of 32 registers.
#[cfg(target_arch = "x86_64")]
impl Lanes for pulp::x86::V4 {
    const ROWS: usize = 14;

    native_ends!();
    native_prefetch!();
}

// 6 × 2 sums, two vectors of weights and one value: 15 of 16 registers.
#[cfg(target_arch = "x86_64")]
impl Lanes for pulp::x86::V3 {
    const ROWS: usize = 6;

    native_ends!();
    native_prefetch!();
}

#[cfg(target_arch = "aarch64")]
impl Lanes for pulp::aarch64::Neon {
    const ROWS: usize = 14;
}

impl Lanes for Scalar128b {
    const ROWS: usize = 6;

    #[inline(always)]
    fn fma(self, a: Self::f32s, b: Self::f32s, c: Self::f32s) -> Self::f32s {
        self.add_f32s(self.mul_f32s(a, b), c)
    }
}
