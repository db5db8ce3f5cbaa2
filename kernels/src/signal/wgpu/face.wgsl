// One frame of all sessions: samples to features, features to targets, targets to weights.
// `shape`: 0 spectra, 1 hop, 2 history, 3 bands, 4 values of an input, 5 features, 6 visemes, 7 layers,
// 8 head, 9 place of the levels, 10 of the smoothing, 11 of the filters, 12 scale of power; then 8 for each
// layer: inputs, outputs, taps, dilation, ring, place of the rings, place of the weights, relu.
// `input`: 0 jobs; then 4 for each job: slot, kind, frames, flags; then the values.

const SATURATION = 10000.0;
const LAYERS_AT = 13u;

var<workgroup> targets: array<f32, GROUP * 32u>;

fn job_at(job: u32) -> u32 { return 4u + 4u * job; }

fn value(jobs: u32, job: u32, i: u32) -> f32 {
    return bitcast<f32>(input[4u + 4u * jobs + job * shape[4] + i]);
}

// Sample `i` of a job's frame; what lies before it has negative numbers.
fn heard(jobs: u32, job: u32, i: i32) -> f32 {
    if i >= 0 {
        return value(jobs, job, u32(i));
    }
    if (input[job_at(job) + 3u] & 1u) == 0u {
        return 0.0;
    }
    return state[input[job_at(job)] * shape[2] + u32(i32(shape[2]) + i)];
}

// Where channel 0 of a layer's input of a frame lies.
fn ring_at(layer: u32, slot: u32, frame: u32) -> u32 {
    let ring = shape[layer + 4u];
    return shape[layer + 5u] + (slot * ring + (frame & (ring - 1u))) * shape[layer];
}

fn feature(jobs: u32, job: u32, i: u32, x: f32) {
    out[job * (shape[5] + 2u * shape[6]) + i] = x;
    let at = job_at(job);
    state[ring_at(LAYERS_AT, input[at], input[at + 2u]) + i] = x;
}

fn smooth_one(jobs: u32, job: u32, s: u32) {
    let visemes = shape[6];
    let slot = input[job_at(job)];
    let moved = (input[job_at(job) + 3u] & 2u) != 0u;
    let head = shape[8];
    var largest = -SATURATION;
    var total = 0.0;
    if input[job_at(job) + 1u] != 2u {
        for (var v = 0u; v < visemes; v++) {
            largest = max(largest, targets[s * 32u + v]);
        }
        for (var v = 0u; v < visemes; v++) {
            var x = targets[s * 32u + v];
            if head == 0u {
                x = clamp(x, 0.0, 1.0);
            } else if head == 1u {
                x = exp(x - largest);
            } else {
                // As e^-80 is nothing beside 1, nothing overflows.
                x = 1.0 / (1.0 + exp(-clamp(x, -80.0, 80.0)));
            }
            targets[s * 32u + v] = x;
            total += x;
        }
    }
    if head != 1u || input[job_at(job) + 1u] == 2u {
        total = 1.0;
    }
    let at = shape[10];
    let row = job * (shape[5] + 2u * visemes) + shape[5];
    var sum = 0.0;
    for (var v = 0u; v < visemes; v++) {
        let target_level = targets[s * 32u + v] / total;
        let place = shape[9] + slot * visemes + v;
        var level = params[at + 3u * visemes + v];
        if moved {
            level = state[place];
        }
        var pole = params[at + visemes + v];
        if target_level > level {
            pole = params[at + v];
        }
        level += pole * (target_level - level);
        state[place] = level;
        out[row + v] = level;
        sum += params[at + 2u * visemes + v] * level;
    }
    for (var v = 0u; v < visemes; v++) {
        if sum < 1e-6 {
            out[row + visemes + v] = params[at + 4u * visemes + v];
        } else {
            out[row + visemes + v] = params[at + 2u * visemes + v] * out[row + v] / sum;
        }
    }
}

@compute @workgroup_size(THREADS)
fn face(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let jobs = input[0];
    let first = group.x * GROUP;
    let bands = shape[3];
    for (var spectrum = 0u; spectrum < shape[0]; spectrum++) {
        let start = i32((spectrum + 1u) * shape[1]) - i32(2u * HALF);
        for (var i = thread; i < GROUP * (HALF + 1u); i += THREADS) {
            let s = i % GROUP;
            let n = i / GROUP;
            let job = first + s;
            var left = 0.0;
            var right = 0.0;
            if job < jobs && input[job_at(job) + 1u] == 0u {
                left = heard(jobs, job, start + i32(n));
                if n > 0u {
                    right = heard(jobs, job, start + i32(2u * HALF - n));
                }
            }
            fold(s, n, left, right);
        }
        workgroupBarrier();
        spectra(thread);
        workgroupBarrier();
        for (var i = thread; i < GROUP * bands; i += THREADS) {
            let job = first + i / bands;
            if job < jobs && input[job_at(job) + 1u] == 0u {
                let x = band_log(shape[11], i % bands, i / bands, bitcast<f32>(shape[12]));
                feature(jobs, job, spectrum * bands + i % bands, (x + 4.0) / 4.0);
            }
        }
        workgroupBarrier();
    }
    let history = shape[2];
    for (var i = thread; i < GROUP * history; i += THREADS) {
        let job = first + i / history;
        if job < jobs && input[job_at(job) + 1u] == 0u {
            let at = i % history;
            state[input[job_at(job)] * history + at] = value(jobs, job, 800u - history + at);
        }
    }
    for (var i = thread; i < GROUP * shape[5]; i += THREADS) {
        let job = first + i / shape[5];
        if job < jobs {
            if input[job_at(job) + 1u] == 1u {
                feature(jobs, job, i % shape[5], value(jobs, job, i % shape[5]));
            } else if input[job_at(job) + 1u] == 2u {
                out[job * (shape[5] + 2u * shape[6]) + i % shape[5]] = 0.0;
            }
        }
    }
    for (var i = thread; i < GROUP * shape[6]; i += THREADS) {
        let job = first + i / shape[6];
        if job < jobs && input[job_at(job) + 1u] == 2u {
            targets[i / shape[6] * 32u + i % shape[6]] = value(jobs, job, i % shape[6]);
        }
    }
    storageBarrier();
    workgroupBarrier();
    for (var l = 0u; l < shape[7]; l++) {
        let layer = LAYERS_AT + 8u * l;
        let inputs = shape[layer];
        let outputs = shape[layer + 1u];
        let taps = shape[layer + 2u];
        let dilation = shape[layer + 3u];
        let weights = shape[layer + 6u];
        for (var i = thread; i < GROUP * outputs; i += THREADS) {
            let job = first + i / outputs;
            if job < jobs && input[job_at(job) + 1u] != 2u {
                let slot = input[job_at(job)];
                let frame = input[job_at(job) + 2u];
                let o = i % outputs;
                var sum = params[weights + taps * inputs * outputs + o];
                for (var k = 0u; k < taps; k++) {
                    if k * dilation > frame {
                        break;
                    }
                    let x = ring_at(layer, slot, frame - k * dilation);
                    let w = weights + k * inputs * outputs + o;
                    for (var c = 0u; c < inputs; c++) {
                        sum += state[x + c] * params[w + c * outputs];
                    }
                }
                sum = clamp(sum, -SATURATION, SATURATION);
                if shape[layer + 7u] == 1u {
                    sum = max(sum, 0.0);
                }
                if l + 1u == shape[7] {
                    targets[i / outputs * 32u + o] = sum;
                } else {
                    state[ring_at(layer + 8u, slot, frame) + o] = sum;
                }
            }
        }
        storageBarrier();
        workgroupBarrier();
    }
    if thread < GROUP && first + thread < jobs {
        smooth_one(jobs, first + thread, thread);
    }
}
