// One value at a time.

// The value where it lies inside the interval, its ends elsewhere; what is not a number stays so.
__device__ inline float between(float value, float low, float high) {
    return value < low ? low : value > high ? high : value;
}

extern "C" __global__ void clamp(unsigned count, const T* x, float low, float high, T* y) {
    map(count, x, y, [=](float value, unsigned) { return between(value, low, high); });
}

// The gradient is 0 at the ends of the interval; y is the result.
extern "C" __global__ void clamp_gradient(unsigned count, const T* y, const T* dy, float low, float high, T* dx) {
    map(count, y, dy, dx, [=](float value, float slope, unsigned) {
        return value <= low || value >= high ? 0.0f : slope;
    });
}

extern "C" __global__ void add_clamp(unsigned count, const T* a, const T* b, float low, float high, T* y) {
    map(count, a, b, y, [=](float one, float other, unsigned) { return between(one + other, low, high); });
}

extern "C" __global__ void add_bias(unsigned count, unsigned channels, const float* bias, T* y) {
    map(count, y, y, [=](float value, unsigned i) { return value + bias[i % channels]; });
}

// Whether value i is dropped is a function of the key and of i, the same as on the CPU.
extern "C" __global__ void dropout(
    unsigned count, unsigned key0, unsigned key1, unsigned threshold, float scale, const T* x, T* y) {
    map(count, x, y, [=](float value, unsigned i) {
        unsigned z = i + key0;
        z = (z ^ (z >> 16)) * 0x7feb352du;
        z = (z ^ (z >> 15) ^ key1) * 0x846ca68bu;
        z ^= z >> 16;
        return z < threshold ? value * 0.0f : value * scale;
    });
}
