// A step of an optimiser, in place, in one pass over memory. Everything is f32 whatever `T` is.

extern "C" __global__ void adam(
    unsigned count, float penalty, float keep, float rate1, float beta2, float rate2, float unbias, float eps,
    float step, const float* gradient, float* parameter, float* first, float* second) {
    EACH(i, count) {
        float g = gradient[i] + penalty * parameter[i];
        float m = first[i] + rate1 * (g - first[i]);
        float v = beta2 * second[i] + rate2 * (g * g);
        first[i] = m;
        second[i] = v;
        parameter[i] = keep * parameter[i] - step * m / (sqrtf(v) * unbias + eps);
    }
}

// `kept` and `taken` are 0 and 1 in the first step, which fills the velocity undamped.
extern "C" __global__ void sgd(
    unsigned count, float lr, float penalty, float kept, float taken, float ahead, unsigned has_velocity,
    const float* gradient, float* parameter, float* velocity) {
    EACH(i, count) {
        float change = gradient[i] + penalty * parameter[i];
        if (has_velocity) {
            float v = kept == 0.0f ? taken * change : kept * velocity[i] + taken * change;
            velocity[i] = v;
            // `ahead` is the momentum of a step that looks ahead, and negative of one that does not.
            change = ahead >= 0.0f ? change + ahead * v : v;
        }
        parameter[i] -= lr * change;
    }
}
