// The programs of wgpu's backend once more, for CUDA. Compiled by NVRTC when it runs; GROUP (sessions or rows
// that a block works on) and HALF (half a window) are given by its options. What the places in the buffers
// mean is written in face.wgsl and log_mel.wgsl.

typedef unsigned int u32;

#ifndef GROUP
#define GROUP 8
#define HALF 600
#endif
#define THREADS 256
#define BINS 201
#define VISEMES 32
#define SATURATION 10000.0f
#define LAYERS_AT 13
#define SAMPLES 0
#define FEATURES 1
#define TARGETS 2
#define HEARD 1
#define MOVED 2

// A value of each member of the group, so that one load fetches all of a term.
struct __align__(GROUP % 4 == 0 ? 16 : GROUP % 2 == 0 ? 8 : 4) Each {
    float v[GROUP];
};

// Dynamic, as it passes 48 KiB for the largest group.
extern __shared__ float shared[];

__device__ __forceinline__ Each *even() { return (Each *)shared; }
__device__ __forceinline__ Each *odd() { return even() + HALF + 1; }
// [bin][member]
__device__ __forceinline__ Each *power() { return odd() + HALF + 1; }
__device__ __forceinline__ float *targets() { return (float *)(power() + BINS); }

__device__ __forceinline__ void fold(const float *params, int s, int n, float left, float right) {
    float w = params[n];
    even()[n].v[s] = n == HALF ? w * left : w * (left + right);
    odd()[n].v[s] = n == HALF ? 0.0f : w * (left - right);
}

// `even`, `odd` to `power`; barriers around it are the caller's.
__device__ __forceinline__ void spectra(const float2 *__restrict__ table) {
    for (int bin = threadIdx.x; bin < BINS; bin += THREADS) {
        float re[GROUP], im[GROUP];
#pragma unroll
        for (int s = 0; s < GROUP; s++) re[s] = im[s] = 0.0f;
        // Term 0 is nothing: the window begins with 0.
#pragma unroll 8
        for (int n = 1; n <= HALF; n++) {
            float2 t = __ldg(&table[n * BINS + bin]);
            Each e = even()[n], o = odd()[n];
#pragma unroll
            for (int s = 0; s < GROUP; s++) {
                re[s] = fmaf(t.x, e.v[s], re[s]);
                im[s] = fmaf(t.y, o.v[s], im[s]);
            }
        }
#pragma unroll
        for (int s = 0; s < GROUP; s++) power()[bin].v[s] = re[s] * re[s] + im[s] * im[s];
    }
}

__device__ __forceinline__ float band_log(const u32 *shape, u32 filters, int band, int s, float scale) {
    u32 first = shape[filters + 3 * band];
    u32 count = shape[filters + 3 * band + 1];
    u32 at = shape[filters + 3 * band + 2];
    float sum = 0.0f;
    for (u32 i = 0; i < count; i++) sum += power()[first + i].v[s] * __uint_as_float(shape[at + i]);
    return log10f(fmaxf(sum * scale, 1e-10f));
}

struct Frame {
    const u32 *shape;
    const float *params;
    const u32 *input;
    float *state;
    float *out;
    u32 jobs;

    __device__ u32 slot(u32 job) const { return input[4 + 4 * job]; }
    __device__ u32 kind(u32 job) const { return input[4 + 4 * job + 1]; }
    __device__ u32 frames(u32 job) const { return input[4 + 4 * job + 2]; }
    __device__ u32 flags(u32 job) const { return input[4 + 4 * job + 3]; }
    __device__ float value(u32 job, u32 i) const {
        return __uint_as_float(input[4 + 4 * jobs + job * shape[4] + i]);
    }
    __device__ float *row(u32 job) const { return out + job * (shape[5] + 2 * shape[6]); }
    // Sample `i` of a job's frame; what lies before it has negative numbers.
    __device__ float heard(u32 job, int i) const {
        if (i >= 0) return value(job, i);
        return flags(job) & HEARD ? state[slot(job) * shape[2] + (int)shape[2] + i] : 0.0f;
    }
    // Channel 0 of a layer's input of a frame.
    __device__ float *ring(u32 layer, u32 slot, u32 frame) const {
        u32 length = shape[layer + 4];
        return state + shape[layer + 5] + (slot * length + (frame & (length - 1))) * shape[layer];
    }
    __device__ void feature(u32 job, u32 i, float x) const {
        row(job)[i] = x;
        ring(LAYERS_AT, slot(job), frames(job))[i] = x;
    }
    __device__ void smooth(u32 job, float *target) const;
};

__device__ void Frame::smooth(u32 job, float *target) const {
    u32 visemes = shape[6], head = shape[8];
    float total = 1.0f;
    if (kind(job) != TARGETS) {
        float largest = -SATURATION, all = 0.0f;
        for (u32 v = 0; v < visemes; v++) largest = fmaxf(largest, target[v]);
        for (u32 v = 0; v < visemes; v++) {
            float x = target[v];
            if (head == 0) x = fminf(fmaxf(x, 0.0f), 1.0f);
            else if (head == 1) x = expf(x - largest);
            else x = 1.0f / (1.0f + expf(-fminf(fmaxf(x, -80.0f), 80.0f)));
            target[v] = x;
            all += x;
        }
        if (head == 1) total = all;
    }
    const float *smoothing = params + shape[10];
    float *levels = state + shape[9] + slot(job) * visemes;
    float *level_out = row(job) + shape[5], *weight_out = level_out + visemes;
    float sum = 0.0f;
    for (u32 v = 0; v < visemes; v++) {
        float goal = target[v] / total;
        float level = flags(job) & MOVED ? levels[v] : smoothing[3 * visemes + v];
        float pole = goal > level ? smoothing[v] : smoothing[visemes + v];
        level += pole * (goal - level);
        levels[v] = level;
        level_out[v] = level;
        sum += smoothing[2 * visemes + v] * level;
    }
    for (u32 v = 0; v < visemes; v++) {
        weight_out[v] = sum < 1e-6f ? smoothing[4 * visemes + v]
                                    : smoothing[2 * visemes + v] * level_out[v] / sum;
    }
}

// One frame of all sessions: samples to features, features to targets, targets to weights.
extern "C" __global__ void __launch_bounds__(THREADS)
face(const u32 *__restrict__ shape, const float2 *__restrict__ table, const float *__restrict__ params,
     const u32 *__restrict__ input, float *state, float *out) {
    Frame f = {shape, params, input, state, out, input[0]};
    const u32 jobs = f.jobs, first = blockIdx.x * GROUP, thread = threadIdx.x;
    const u32 bands = shape[3], features = shape[5], visemes = shape[6], history = shape[2];
    for (u32 spectrum = 0; spectrum < shape[0]; spectrum++) {
        int start = (int)((spectrum + 1) * shape[1]) - 2 * HALF;
        // Neighbouring threads take neighbouring samples of one session.
        for (u32 i = thread; i < GROUP * (HALF + 1); i += THREADS) {
            int s = i / (HALF + 1), n = i % (HALF + 1);
            u32 job = first + s;
            float left = 0.0f, right = 0.0f;
            if (job < jobs && f.kind(job) == SAMPLES) {
                left = f.heard(job, start + n);
                if (n > 0) right = f.heard(job, start + 2 * HALF - n);
            }
            fold(params, s, n, left, right);
        }
        __syncthreads();
        spectra(table);
        __syncthreads();
        for (u32 i = thread; i < GROUP * bands; i += THREADS) {
            u32 job = first + i / bands, band = i % bands;
            if (job < jobs && f.kind(job) == SAMPLES) {
                float x = band_log(shape, shape[11], band, i / bands, __uint_as_float(shape[12]));
                f.feature(job, spectrum * bands + band, (x + 4.0f) / 4.0f);
            }
        }
        __syncthreads();
    }
    for (u32 i = thread; i < GROUP * history; i += THREADS) {
        u32 job = first + i / history, at = i % history;
        if (job < jobs && f.kind(job) == SAMPLES)
            state[f.slot(job) * history + at] = f.value(job, 800 - history + at);
    }
    for (u32 i = thread; i < GROUP * features; i += THREADS) {
        u32 job = first + i / features, at = i % features;
        if (job < jobs && f.kind(job) == FEATURES) f.feature(job, at, f.value(job, at));
        if (job < jobs && f.kind(job) == TARGETS) f.row(job)[at] = 0.0f;
    }
    for (u32 i = thread; i < GROUP * visemes; i += THREADS) {
        u32 job = first + i / visemes, at = i % visemes;
        if (job < jobs && f.kind(job) == TARGETS) targets()[i / visemes * VISEMES + at] = f.value(job, at);
    }
    __syncthreads();
    for (u32 l = 0; l < shape[7]; l++) {
        const u32 layer = LAYERS_AT + 8 * l;
        const u32 inputs = shape[layer], outputs = shape[layer + 1], taps = shape[layer + 2];
        const u32 dilation = shape[layer + 3];
        const float *weights = params + shape[layer + 6];
        for (u32 i = thread; i < GROUP * outputs; i += THREADS) {
            u32 job = first + i / outputs, o = i % outputs;
            if (job >= jobs || f.kind(job) == TARGETS) continue;
            u32 slot = f.slot(job), frame = f.frames(job);
            float sum = weights[taps * inputs * outputs + o];
            for (u32 k = 0; k < taps && k * dilation <= frame; k++) {
                const float *x = f.ring(layer, slot, frame - k * dilation);
                const float *w = weights + k * inputs * outputs + o;
#pragma unroll 8
                for (u32 c = 0; c < inputs; c++) sum = fmaf(x[c], __ldg(&w[c * outputs]), sum);
            }
            sum = fminf(fmaxf(sum, -SATURATION), SATURATION);
            if (shape[layer + 7]) sum = fmaxf(sum, 0.0f);
            if (l + 1 == shape[7]) targets()[i / outputs * VISEMES + o] = sum;
            else f.ring(layer + 8, slot, frame)[o] = sum;
        }
        __syncthreads();
    }
    if (thread < GROUP && first + thread < jobs) f.smooth(first + thread, targets() + thread * VISEMES);
}

// Whisper's powers: the rows of all clips.
extern "C" __global__ void __launch_bounds__(THREADS)
log_power(const u32 *__restrict__ shape, const float2 *__restrict__ table, const float *__restrict__ params,
          const u32 *__restrict__ input, const float *__restrict__ samples, float *out) {
    const u32 first = blockIdx.x * GROUP, bands = shape[2];
    for (u32 i = threadIdx.x; i < GROUP * (HALF + 1); i += THREADS) {
        u32 s = i / (HALF + 1), n = i % (HALF + 1), row = first + s;
        float left = 0.0f, right = 0.0f;
        if (row < shape[0]) {
            left = samples[input[row] + n];
            if (n > 0) right = samples[input[row] + 2 * HALF - n];
        }
        fold(params, s, n, left, right);
    }
    __syncthreads();
    spectra(table);
    __syncthreads();
    for (u32 i = threadIdx.x; i < GROUP * bands; i += THREADS) {
        u32 row = first + i / bands;
        if (row < shape[0]) out[row * bands + i % bands] = band_log(shape, shape[3], i % bands, i / bands, 1.0f);
    }
}

// Each clip is clamped to eight decades below its loudest cell.
extern "C" __global__ void __launch_bounds__(THREADS)
normalise(const u32 *__restrict__ shape, float *out) {
    __shared__ float largest[THREADS];
    const u32 clip = shape[4] + 2 * blockIdx.x;
    const u32 from = shape[clip] * shape[2], to = from + shape[clip + 1] * shape[2];
    float most = -10.0f;
    for (u32 i = from + threadIdx.x; i < to; i += THREADS) most = fmaxf(most, out[i]);
    largest[threadIdx.x] = most;
    __syncthreads();
    for (u32 step = THREADS / 2; step > 0; step /= 2) {
        if (threadIdx.x < step)
            largest[threadIdx.x] = fmaxf(largest[threadIdx.x], largest[threadIdx.x + step]);
        __syncthreads();
    }
    float lowest = largest[0] - 8.0f;
    for (u32 i = from + threadIdx.x; i < to; i += THREADS) out[i] = (fmaxf(out[i], lowest) + 4.0f) / 4.0f;
    if (threadIdx.x == 0) out[shape[0] * shape[2] + blockIdx.x] = lowest;
}
