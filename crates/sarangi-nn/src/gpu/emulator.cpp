// The kernels for the CPU: what CUDA gives them, and one function that runs them by name. Used by the
// tests alone. Blocks run one after the other; the threads of a block that wait for each other are
// threads of the machine, all others run one after the other, too.

#include <barrier>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#define SARANGI_ON_CPU
#define __global__
#define __device__
#define __shared__ static

struct Place { unsigned x, y; };
static thread_local Place blockIdx, threadIdx;
static Place blockDim, gridDim;
static std::barrier<>* meeting = nullptr;
static void __syncthreads() { meeting->arrive_and_wait(); }

static float __uint_as_float(unsigned bits) { float value; std::memcpy(&value, &bits, 4); return value; }
static unsigned __float_as_uint(float value) { unsigned bits; std::memcpy(&bits, &value, 4); return bits; }
static float half_to_float(unsigned short bits) { _Float16 half; std::memcpy(&half, &bits, 2); return (float)half; }
static unsigned short float_to_half(float value) {
    _Float16 half = (_Float16)value;
    unsigned short bits;
    std::memcpy(&bits, &half, 2);
    return bits;
}
template <class V> static V min(V a, V b) { return b < a ? b : a; }
template <class V> static V max(V a, V b) { return a < b ? b : a; }

#include "kernels/numbers.cu"
#include "kernels/pointwise.cu"
#include "kernels/norm.cu"
#include "kernels/pool.cu"
#include "kernels/conv.cu"
#include "kernels/optimiser.cu"

template <class... A, std::size_t... I>
static void apply(void (*kernel)(A...), const void* const* args, std::index_sequence<I...>) {
    kernel(*static_cast<const A*>(args[I])...);
}

static void block(const std::function<void()>& kernel, bool waits) {
    unsigned count = blockDim.x * blockDim.y;
    auto thread = [&](Place at, unsigned i) {
        blockIdx = at;
        threadIdx = {i % blockDim.x, i / blockDim.x};
        kernel();
    };
    Place at = blockIdx;
    if (!waits) {
        for (unsigned i = 0; i < count; ++i) thread(at, i);
        return;
    }
    std::barrier<> barrier(count);
    meeting = &barrier;
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < count; ++i) threads.emplace_back(thread, at, i);
    for (auto& one : threads) one.join();
    meeting = nullptr;
}

template <class... A>
static int all(void (*kernel)(A...), bool waits, const unsigned* sizes, const void* const* args) {
    gridDim = {sizes[0], sizes[1]};
    blockDim = {sizes[2], sizes[3]};
    for (unsigned y = 0; y < gridDim.y; ++y) {
        for (unsigned x = 0; x < gridDim.x; ++x) {
            blockIdx = {x, y};
            block([&] { apply(kernel, args, std::index_sequence_for<A...>()); }, waits);
        }
    }
    return (int)sizeof...(A);
}

// Runs a kernel; gives back how many arguments it took, -1 if there is none of that name.
extern "C" int run(const char* name, const unsigned* sizes, const void* const* args) {
    std::string wanted = name;
#define ALONE(kernel) if (wanted == #kernel) return all(kernel, false, sizes, args)
#define TOGETHER(kernel) if (wanted == #kernel) return all(kernel, true, sizes, args)
    ALONE(clamp);
    ALONE(clamp_gradient);
    ALONE(add_clamp);
    ALONE(add_bias);
    ALONE(dropout);
    TOGETHER(moments);
    ALONE(moments_of_sections);
    ALONE(norm_line);
    ALONE(norm_apply);
    TOGETHER(norm_sums);
    ALONE(norm_gradients);
    ALONE(norm_back);
    ALONE(sum_of_sections);
    ALONE(max_pool);
    ALONE(max_pool_gradient);
    ALONE(average_pool);
    ALONE(average_pool_gradient);
    ALONE(pack_filter);
    ALONE(unpack_filter);
    ALONE(unfold);
    ALONE(fold);
    ALONE(grouped);
    ALONE(grouped_data);
    TOGETHER(grouped_filter);
    ALONE(adam);
    ALONE(sgd);
    return -1;
}
