// Convolution, where the library of convolutions does not do it, and filters between their layouts.
// A filter is (out, in / groups, kernel height, kernel width) where it is trained, in f32, and
// (out, kernel height, kernel width, in / groups) where it is read.

extern "C" __global__ void pack_filter(unsigned count, unsigned taps, unsigned inputs, const float* filter, T* packed) {
    EACH(i, count) {
        unsigned c = i % inputs, tap = i / inputs % taps, out = i / inputs / taps;
        packed[i] = store<T>(filter[((size_t)out * inputs + c) * taps + tap]);
    }
}

extern "C" __global__ void unpack_filter(unsigned count, unsigned taps, unsigned inputs, const T* packed, float* filter) {
    EACH(i, count) {
        unsigned tap = i % taps, c = i / taps % inputs, out = i / taps / inputs;
        filter[i] = load(packed[((size_t)out * taps + tap) * inputs + c]);
    }
}

#define GEOMETRY \
    unsigned height, unsigned width, unsigned channels, unsigned out_height, unsigned out_width, \
    unsigned out_channels, unsigned kernel_y, unsigned kernel_x, unsigned stride_y, unsigned stride_x, \
    unsigned padding_y, unsigned padding_x, unsigned dilation_y, unsigned dilation_x

// The input under one tap of one output along one axis; false on the padding.
__device__ inline bool under(unsigned out, unsigned tap, unsigned stride, unsigned padding, unsigned dilation,
                             unsigned size, unsigned* in) {
    int at = (int)(out * stride + tap * dilation) - (int)padding;
    *in = (unsigned)at;
    return at >= 0 && at < (int)size;
}

// The output that has an input under one tap along one axis; false if there is none.
__device__ inline bool over(unsigned in, unsigned tap, unsigned stride, unsigned padding, unsigned dilation,
                            unsigned size, unsigned* out) {
    int at = (int)(in + padding) - (int)(tap * dilation);
    *out = (unsigned)at / stride;
    return at >= 0 && at % (int)stride == 0 && *out < size;
}

// Each output's inputs in a row, (pixels, taps, channels): convolution becomes a matrix product.
extern "C" __global__ void unfold(unsigned count, GEOMETRY, const T* x, T* rows) {
    (void)out_channels;
    EACH(i, count) {
        unsigned c = i % channels, tap = i / channels % (kernel_y * kernel_x);
        unsigned p = i / channels / (kernel_y * kernel_x);
        unsigned column = p % out_width, row = p / out_width % out_height, image = p / out_width / out_height;
        unsigned v, u;
        bool inside = under(row, tap / kernel_x, stride_y, padding_y, dilation_y, height, &v);
        inside = under(column, tap % kernel_x, stride_x, padding_x, dilation_x, width, &u) && inside;
        rows[i] = inside ? x[(((size_t)image * height + v) * width + u) * channels + c] : store<T>(0.0f);
    }
}

// The sum of what such rows say of each input.
extern "C" __global__ void fold(unsigned count, GEOMETRY, const T* rows, T* x) {
    (void)out_channels;
    EACH(i, count) {
        unsigned c = i % channels, p = i / channels;
        unsigned column = p % width, row = p / width % height, image = p / width / height;
        float sum = 0.0f;
        for (unsigned ky = 0; ky < kernel_y; ++ky) {
            for (unsigned kx = 0; kx < kernel_x; ++kx) {
                unsigned v, u;
                if (over(row, ky, stride_y, padding_y, dilation_y, out_height, &v)
                    && over(column, kx, stride_x, padding_x, dilation_x, out_width, &u)) {
                    size_t pixel = ((size_t)image * out_height + v) * out_width + u;
                    sum += load(rows[((pixel * kernel_y + ky) * kernel_x + kx) * channels + c]);
                }
            }
        }
        x[i] = store<T>(sum);
    }
}

// Convolution by groups, one thread for each output.
extern "C" __global__ void grouped(unsigned count, GEOMETRY, unsigned groups, const T* x, const T* filter, T* y) {
    unsigned inputs = channels / groups, outputs = out_channels / groups;
    EACH(i, count) {
        unsigned o = i % out_channels, p = i / out_channels;
        unsigned column = p % out_width, row = p / out_width % out_height, image = p / out_width / out_height;
        float sum = 0.0f;
        for (unsigned ky = 0; ky < kernel_y; ++ky) {
            for (unsigned kx = 0; kx < kernel_x; ++kx) {
                unsigned v, u;
                if (under(row, ky, stride_y, padding_y, dilation_y, height, &v)
                    && under(column, kx, stride_x, padding_x, dilation_x, width, &u)) {
                    const T* from = x + (((size_t)image * height + v) * width + u) * channels + o / outputs * inputs;
                    const T* with = filter + (((size_t)o * kernel_y + ky) * kernel_x + kx) * inputs;
                    for (unsigned c = 0; c < inputs; ++c) {
                        sum += load(from[c]) * load(with[c]);
                    }
                }
            }
        }
        y[i] = store<T>(sum);
    }
}

extern "C" __global__ void grouped_data(unsigned count, GEOMETRY, unsigned groups, const T* dy, const T* filter, T* dx) {
    unsigned inputs = channels / groups, outputs = out_channels / groups;
    EACH(i, count) {
        unsigned c = i % channels, p = i / channels, group = c / inputs;
        unsigned column = p % width, row = p / width % height, image = p / width / height;
        float sum = 0.0f;
        for (unsigned ky = 0; ky < kernel_y; ++ky) {
            for (unsigned kx = 0; kx < kernel_x; ++kx) {
                unsigned v, u;
                if (over(row, ky, stride_y, padding_y, dilation_y, out_height, &v)
                    && over(column, kx, stride_x, padding_x, dilation_x, out_width, &u)) {
                    const T* from = dy + (((size_t)image * out_height + v) * out_width + u) * out_channels;
                    for (unsigned o = group * outputs; o < (group + 1) * outputs; ++o) {
                        size_t with = (((size_t)o * kernel_y + ky) * kernel_x + kx) * inputs + c % inputs;
                        sum += load(from[o]) * load(filter[with]);
                    }
                }
            }
        }
        dx[i] = store<T>(sum);
    }
}

// One block for each value of the filter: its threads share the pixels out.
extern "C" __global__ void grouped_filter(
    unsigned pixels, GEOMETRY, unsigned groups, const T* x, const T* dy, T* dfilter) {
    __shared__ float sums[256];
    unsigned inputs = channels / groups, outputs = out_channels / groups;
    unsigned c = blockIdx.x % inputs, tap = blockIdx.x / inputs % (kernel_y * kernel_x);
    unsigned o = blockIdx.x / inputs / (kernel_y * kernel_x);
    float sum = 0.0f;
    for (unsigned p = threadIdx.x; p < pixels; p += blockDim.x) {
        unsigned column = p % out_width, row = p / out_width % out_height, image = p / out_width / out_height;
        unsigned v, u;
        if (under(row, tap / kernel_x, stride_y, padding_y, dilation_y, height, &v)
            && under(column, tap % kernel_x, stride_x, padding_x, dilation_x, width, &u)) {
            size_t at = (((size_t)image * height + v) * width + u) * channels + o / outputs * inputs + c;
            sum += load(x[at]) * load(dy[(size_t)p * out_channels + o]);
        }
    }
    sums[threadIdx.x] = sum;
    __syncthreads();
    for (unsigned half = blockDim.x / 2; half > 0; half /= 2) {
        if (threadIdx.x < half) {
            sums[threadIdx.x] += sums[threadIdx.x + half];
        }
        __syncthreads();
    }
    if (threadIdx.x == 0) {
        dfilter[blockIdx.x] = store<T>(sums[0]);
    }
}
