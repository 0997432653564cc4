// What every kernel stands on: the three number types, packs of values, loops over a grid.
//
// The text is compiled once for each type of stored values, `T`, which a line above it defines. All
// arithmetic is in f32. No header is used, so that the run-time compiler needs none.

struct bf16 { unsigned short bits; };
struct f16 { unsigned short bits; };

__device__ inline float load(float value) { return value; }
__device__ inline float load(bf16 value) { return __uint_as_float((unsigned)value.bits << 16); }
__device__ inline float load(f16 value) {
#ifdef SARANGI_ON_CPU
    return half_to_float(value.bits);
#else
    float wide;
    asm("cvt.f32.f16 %0, %1;" : "=f"(wide) : "h"(value.bits));
    return wide;
#endif
}

template <class To> __device__ inline To store(float value);
template <> __device__ inline float store<float>(float value) { return value; }
template <> __device__ inline bf16 store<bf16>(float value) {
    unsigned bits = __float_as_uint(value);
    // To the nearest, ties to even; what is not a number keeps a bit of its payload.
    unsigned rounded = (bits & 0x7fffffffu) > 0x7f800000u
        ? (bits >> 16) | 0x40u
        : (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
    bf16 result;
    result.bits = (unsigned short)rounded;
    return result;
}
template <> __device__ inline f16 store<f16>(float value) {
    f16 result;
#ifdef SARANGI_ON_CPU
    result.bits = float_to_half(value);
#else
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(result.bits) : "f"(value));
#endif
    return result;
}

// As many values as one access to memory fetches.
#define PACK (16 / sizeof(T))
struct alignas(16) Pack { T values[PACK]; };

// Goes through [0, count) with all threads of the grid.
#define EACH(i, count) \
    for (unsigned i = blockIdx.x * blockDim.x + threadIdx.x; i < (count); i += gridDim.x * blockDim.x)

__device__ inline bool packed(unsigned count, const T* a, const T* b, const T* c) {
    size_t places = (size_t)a | (size_t)b | (size_t)c;
    return count % PACK == 0 && places % sizeof(Pack) == 0;
}

// y[i] = f(x[i], i)
template <class F> __device__ inline void map(unsigned count, const T* x, T* y, F f) {
    if (packed(count, x, y, y)) {
        EACH(i, count / PACK) {
            Pack in = ((const Pack*)x)[i], out;
            for (unsigned k = 0; k < PACK; ++k) {
                out.values[k] = store<T>(f(load(in.values[k]), i * (unsigned)PACK + k));
            }
            ((Pack*)y)[i] = out;
        }
    } else {
        EACH(i, count) { y[i] = store<T>(f(load(x[i]), i)); }
    }
}

// y[i] = f(a[i], b[i], i)
template <class F> __device__ inline void map(unsigned count, const T* a, const T* b, T* y, F f) {
    if (packed(count, a, b, y)) {
        EACH(i, count / PACK) {
            Pack first = ((const Pack*)a)[i], second = ((const Pack*)b)[i], out;
            for (unsigned k = 0; k < PACK; ++k) {
                float value = f(load(first.values[k]), load(second.values[k]), i * (unsigned)PACK + k);
                out.values[k] = store<T>(value);
            }
            ((Pack*)y)[i] = out;
        }
    } else {
        EACH(i, count) { y[i] = store<T>(f(load(a[i]), load(b[i]), i)); }
    }
}
