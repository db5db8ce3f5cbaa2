// Whisper's log-mel spectrograms: powers first, then each clip is clamped to its loudest cell.
// `shape`: 0 rows, 1 clips, 2 bands, 3 place of the filters, 4 place of the clips; two for each clip: first
// row, rows. `input`: each row's first sample. `state`: the samples. `out`: the rows, then a value per clip.

var<workgroup> largest: array<f32, THREADS>;

@compute @workgroup_size(THREADS)
fn log_power(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let first = group.x * GROUP;
    let bands = shape[2];
    for (var i = thread; i < GROUP * (HALF + 1u); i += THREADS) {
        let row = first + i % GROUP;
        let n = i / GROUP;
        var left = 0.0;
        var right = 0.0;
        if row < shape[0] {
            left = state[input[row] + n];
            if n > 0u {
                right = state[input[row] + 2u * HALF - n];
            }
        }
        fold(i % GROUP, n, left, right);
    }
    workgroupBarrier();
    spectra(thread);
    workgroupBarrier();
    for (var i = thread; i < GROUP * bands; i += THREADS) {
        let row = first + i / bands;
        if row < shape[0] {
            out[row * bands + i % bands] = band_log(shape[3], i % bands, i / bands, 1.0);
        }
    }
}

@compute @workgroup_size(THREADS)
fn normalise(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let clip = shape[4] + 2u * group.x;
    let begin = shape[clip] * shape[2];
    let to = begin + shape[clip + 1u] * shape[2];
    var most = -10.0;
    for (var i = begin + thread; i < to; i += THREADS) {
        most = max(most, out[i]);
    }
    largest[thread] = most;
    workgroupBarrier();
    for (var step = THREADS / 2u; step > 0u; step /= 2u) {
        if thread < step {
            largest[thread] = max(largest[thread], largest[thread + step]);
        }
        workgroupBarrier();
    }
    let lowest = largest[0] - 8.0;
    for (var i = begin + thread; i < to; i += THREADS) {
        out[i] = (max(out[i], lowest) + 4.0) / 4.0;
    }
    if thread == 0u {
        out[shape[0] * shape[2] + group.x] = lowest;
    }
}
