// Batch norm: statistics of each channel, and what is made with them. Values are (pixels, channels).
//
// Sums go in two steps: each block of 32 channels and 8 rows of threads takes a section of the
// pixels, then one thread for each channel takes the sections together. The order is fixed, so
// that the same numbers give the same sums.

#define COLUMNS 32
#define ROWS 8

// Each section's mean and sum of squared distances from it.
extern "C" __global__ void moments(
    unsigned pixels, unsigned channels, unsigned section, const T* x, float* means, float* squares) {
    __shared__ float sums[ROWS][COLUMNS], powers[ROWS][COLUMNS];
    unsigned c = blockIdx.x * COLUMNS + threadIdx.x, row = threadIdx.y;
    unsigned first = blockIdx.y * section, last = min(first + section, pixels);
    float shift = 0.0f, sum = 0.0f, power = 0.0f;
    if (c < channels) {
        // Near the mean, so that squares do not swallow the distances.
        shift = load(x[(size_t)first * channels + c]);
        for (unsigned p = first + row; p < last; p += ROWS) {
            float value = load(x[(size_t)p * channels + c]) - shift;
            sum += value;
            power += value * value;
        }
    }
    sums[row][threadIdx.x] = sum;
    powers[row][threadIdx.x] = power;
    __syncthreads();
    if (row == 0 && c < channels) {
        for (unsigned i = 1; i < ROWS; ++i) {
            sum += sums[i][threadIdx.x];
            power += powers[i][threadIdx.x];
        }
        float count = (float)(last - first);
        unsigned place = blockIdx.y * channels + c;
        means[place] = shift + sum / count;
        squares[place] = max(power - sum * (sum / count), 0.0f);
    }
}

// The sections together (Chan, Golub and LeVeque 1979): mean, population and unbiased variance.
extern "C" __global__ void moments_of_sections(
    unsigned pixels, unsigned channels, unsigned section, unsigned sections, const float* means,
    const float* squares, float* mean, float* variance, float* unbiased) {
    EACH(c, channels) {
        double count = 0.0, middle = 0.0, power = 0.0;
        for (unsigned s = 0; s < sections; ++s) {
            double more = min(section, pixels - s * section);
            double distance = means[s * channels + c] - middle, all = count + more;
            middle += distance * (more / all);
            power += squares[s * channels + c] + distance * distance * (count * more / all);
            count = all;
        }
        mean[c] = (float)middle;
        variance[c] = (float)(power / count);
        unbiased[c] = (float)(power / (count - 1.0));
    }
}

// The norm as scale · x + shift.
extern "C" __global__ void norm_line(
    unsigned channels, float eps, const float* mean, const float* variance, const float* gamma,
    const float* beta, float* scale, float* shift) {
    EACH(c, channels) {
        float slope = gamma[c] / sqrtf(variance[c] + eps);
        scale[c] = slope;
        shift[c] = beta[c] - mean[c] * slope;
    }
}

extern "C" __global__ void norm_apply(
    unsigned count, unsigned channels, const float* scale, const float* shift, const T* x, T* y) {
    map(count, x, y, [=](float value, unsigned i) {
        unsigned c = i % channels;
        return scale[c] * value + shift[c];
    });
}

// Each section's Σ dy and Σ dy · (x − mean).
extern "C" __global__ void norm_sums(
    unsigned pixels, unsigned channels, unsigned section, const float* mean, const T* x, const T* dy,
    float* sums, float* products) {
    __shared__ float first_sums[ROWS][COLUMNS], second_sums[ROWS][COLUMNS];
    unsigned c = blockIdx.x * COLUMNS + threadIdx.x, row = threadIdx.y;
    unsigned first = blockIdx.y * section, last = min(first + section, pixels);
    float sum = 0.0f, product = 0.0f;
    if (c < channels) {
        float middle = mean[c];
        for (unsigned p = first + row; p < last; p += ROWS) {
            size_t at = (size_t)p * channels + c;
            float slope = load(dy[at]);
            sum += slope;
            product += slope * (load(x[at]) - middle);
        }
    }
    first_sums[row][threadIdx.x] = sum;
    second_sums[row][threadIdx.x] = product;
    __syncthreads();
    if (row == 0 && c < channels) {
        for (unsigned i = 1; i < ROWS; ++i) {
            sum += first_sums[i][threadIdx.x];
            product += second_sums[i][threadIdx.x];
        }
        sums[blockIdx.y * channels + c] = sum;
        products[blockIdx.y * channels + c] = product;
    }
}

// The gradients of gamma and beta, and that of x as along · dy + across · x + offset. With
// statistics that are given, which do not move with x, none flows through them.
extern "C" __global__ void norm_gradients(
    float pixels, unsigned channels, unsigned sections, unsigned moves, float eps, const float* sums,
    const float* products, const float* mean, const float* variance, const float* gamma, float* dgamma,
    float* dbeta, float* along, float* across, float* offset) {
    EACH(c, channels) {
        double sum = 0.0, product = 0.0;
        for (unsigned s = 0; s < sections; ++s) {
            sum += sums[s * channels + c];
            product += products[s * channels + c];
        }
        double deviation = 1.0 / sqrt((double)variance[c] + eps), slope = gamma[c] * deviation;
        dgamma[c] = (float)(product * deviation);
        dbeta[c] = (float)sum;
        double bend = moves ? -slope * deviation * deviation * product / pixels : 0.0;
        along[c] = (float)slope;
        across[c] = (float)bend;
        offset[c] = moves ? (float)(-slope * sum / pixels - bend * mean[c]) : 0.0f;
    }
}

extern "C" __global__ void norm_back(
    unsigned count, unsigned channels, const float* along, const float* across, const float* offset,
    const T* x, const T* dy, T* dx) {
    map(count, x, dy, dx, [=](float value, float slope, unsigned i) {
        unsigned c = i % channels;
        return along[c] * slope + across[c] * value + offset[c];
    });
}

// Each channel's sum over sections: the gradient of a bias.
extern "C" __global__ void sum_of_sections(unsigned channels, unsigned sections, const float* sums, float* sum) {
    EACH(c, channels) {
        double all = 0.0;
        for (unsigned s = 0; s < sections; ++s) {
            all += sums[s * channels + c];
        }
        sum[c] = (float)all;
    }
}
