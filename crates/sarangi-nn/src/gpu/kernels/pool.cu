// Pooling. Values are (batch, height, width, channels). Along each axis a window either moves, or
// shares the input out evenly (adaptive): then it has no kernel, `kernel` is 0.

struct Window { unsigned input, output, kernel, stride, padding, dilation; };

// The first tap of an output, and how far its taps reach: those at or after `last` are no inputs.
__device__ inline void reads(Window w, unsigned out, int* first, int* last, int* step) {
    if (w.kernel == 0) {
        *first = (int)((unsigned long long)out * w.input / w.output);
        *last = (int)(((unsigned long long)(out + 1) * w.input + w.output - 1) / w.output);
        *step = 1;
    } else {
        int at = (int)(out * w.stride) - (int)w.padding, end = at + (int)(w.kernel * w.dilation);
        *step = (int)w.dilation;
        *first = at < 0 ? at + (int)((-at + w.dilation - 1) / w.dilation * w.dilation) : at;
        *last = min(end, (int)w.input);
    }
}

// The outputs that may read an input.
__device__ inline void read_by(Window w, unsigned in, unsigned* first, unsigned* last) {
    if (w.kernel == 0) {
        *first = (unsigned)((unsigned long long)in * w.output / w.input);
        *last = (unsigned)(((unsigned long long)(in + 1) * w.output + w.input - 1) / w.input);
    } else {
        int reach = (int)((w.kernel - 1) * w.dilation), at = (int)(in + w.padding);
        *first = at > reach ? (unsigned)(at - reach + w.stride - 1) / w.stride : 0;
        *last = min((unsigned)at / w.stride + 1, w.output);
    }
}

// Whether an output reads an input.
__device__ inline bool meets(Window w, unsigned out, unsigned in) {
    int first, last, step;
    reads(w, out, &first, &last, &step);
    return (int)in >= first && (int)in < last && ((int)in - first) % step == 0;
}

// How many inputs an output reads; a moving window may count its padding, too.
__device__ inline float weight(Window w, unsigned out, unsigned with_padding) {
    if (w.kernel != 0 && with_padding) {
        return (float)w.kernel;
    }
    int first, last, step;
    reads(w, out, &first, &last, &step);
    return last > first ? (float)((last - first + step - 1) / step) : 0.0f;
}

#define WINDOWS \
    unsigned height, unsigned out_height, unsigned kernel_y, unsigned stride_y, unsigned padding_y, \
    unsigned dilation_y, unsigned width, unsigned out_width, unsigned kernel_x, unsigned stride_x, \
    unsigned padding_x, unsigned dilation_x
#define TAKE_WINDOWS \
    Window rows = {height, out_height, kernel_y, stride_y, padding_y, dilation_y}; \
    Window columns = {width, out_width, kernel_x, stride_x, padding_x, dilation_x}

// The largest value of each window and the pixel where it was: the first of equals wins, what is not
// a number wins over everything, padding never wins.
extern "C" __global__ void max_pool(
    unsigned count, unsigned channels, WINDOWS, const T* x, T* y, unsigned* places) {
    TAKE_WINDOWS;
    EACH(i, count) {
        unsigned c = i % channels, p = i / channels;
        unsigned column = p % out_width, row = p / out_width % out_height, image = p / out_width / out_height;
        int top, bottom, down, left, right, along;
        reads(rows, row, &top, &bottom, &down);
        reads(columns, column, &left, &right, &along);
        const T* from = x + (size_t)image * height * width * channels + c;
        bool none = true;
        float best = -__uint_as_float(0x7f800000u);
        unsigned place = 0;
        for (int v = top; v < bottom; v += down) {
            for (int u = left; u < right; u += along) {
                unsigned at = (unsigned)v * width + (unsigned)u;
                float value = load(from[(size_t)at * channels]);
                if (none || value > best || (value != value && best == best)) {
                    none = false;
                    best = value;
                    place = at;
                }
            }
        }
        y[i] = store<T>(best);
        places[i] = place;
    }
}

extern "C" __global__ void max_pool_gradient(
    unsigned count, unsigned channels, WINDOWS, const unsigned* places, const T* dy, T* dx) {
    TAKE_WINDOWS;
    EACH(i, count) {
        unsigned c = i % channels, p = i / channels;
        unsigned column = p % width, row = p / width % height, image = p / width / height;
        unsigned top, bottom, left, right, at = row * width + column;
        read_by(rows, row, &top, &bottom);
        read_by(columns, column, &left, &right);
        float sum = 0.0f;
        for (unsigned v = top; v < bottom; ++v) {
            for (unsigned u = left; u < right; ++u) {
                size_t out = (((size_t)image * out_height + v) * out_width + u) * channels + c;
                if (places[out] == at && meets(rows, v, row) && meets(columns, u, column)) {
                    sum += load(dy[out]);
                }
            }
        }
        dx[i] = store<T>(sum);
    }
}

extern "C" __global__ void average_pool(
    unsigned count, unsigned channels, WINDOWS, unsigned with_padding, const T* x, T* y) {
    TAKE_WINDOWS;
    EACH(i, count) {
        unsigned c = i % channels, p = i / channels;
        unsigned column = p % out_width, row = p / out_width % out_height, image = p / out_width / out_height;
        int top, bottom, down, left, right, along;
        reads(rows, row, &top, &bottom, &down);
        reads(columns, column, &left, &right, &along);
        const T* from = x + (size_t)image * height * width * channels + c;
        float all = 0.0f;
        for (int v = top; v < bottom; v += down) {
            float sum = 0.0f;
            for (int u = left; u < right; u += along) {
                sum += load(from[((size_t)v * width + u) * channels]);
            }
            all += sum;
        }
        y[i] = store<T>(all / (weight(rows, row, with_padding) * weight(columns, column, with_padding)));
    }
}

extern "C" __global__ void average_pool_gradient(
    unsigned count, unsigned channels, WINDOWS, unsigned with_padding, const T* dy, T* dx) {
    TAKE_WINDOWS;
    EACH(i, count) {
        unsigned c = i % channels, p = i / channels;
        unsigned column = p % width, row = p / width % height, image = p / width / height;
        unsigned top, bottom, left, right;
        read_by(rows, row, &top, &bottom);
        read_by(columns, column, &left, &right);
        float sum = 0.0f;
        for (unsigned v = top; v < bottom; ++v) {
            for (unsigned u = left; u < right; ++u) {
                if (meets(rows, v, row) && meets(columns, u, column)) {
                    size_t out = (((size_t)image * out_height + v) * out_width + u) * channels + c;
                    float shares = weight(rows, v, with_padding) * weight(columns, u, with_padding);
                    sum += load(dy[out]) / shares;
                }
            }
        }
        dx[i] = store<T>(sum);
    }
}
