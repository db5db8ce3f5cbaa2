// What both programs share: a group's power spectra. `GROUP` (sessions or frames that a group works on) and
// `HALF` (half a window) are put before this text.

const THREADS = 256u;
const BINS = 201u;

@group(0) @binding(0) var<storage, read> shape: array<u32>;
// [term][bin]: cosine, sine
@group(0) @binding(1) var<storage, read> table: array<vec2<f32>>;
@group(0) @binding(2) var<storage, read> params: array<f32>;
@group(0) @binding(3) var<storage, read> input: array<u32>;
@group(0) @binding(4) var<storage, read_write> state: array<f32>;
@group(0) @binding(5) var<storage, read_write> out: array<f32>;

// Windowed samples folded around the middle of the window: sums and differences of what lies as far from it.
var<workgroup> even: array<f32, GROUP * (HALF + 1u)>;
var<workgroup> odd: array<f32, GROUP * (HALF + 1u)>;
var<workgroup> power: array<f32, GROUP * BINS>;

fn fold(s: u32, n: u32, left: f32, right: f32) {
    let w = params[n];
    let at = n * GROUP + s;
    if n == HALF {
        even[at] = w * left;
        odd[at] = 0.0;
    } else {
        even[at] = w * (left + right);
        odd[at] = w * (left - right);
    }
}

// `even`, `odd` to `power`; barriers around it are the caller's.
fn spectra(thread: u32) {
    for (var bin = thread; bin < BINS; bin += THREADS) {
        var re: array<f32, GROUP>;
        var im: array<f32, GROUP>;
        for (var s = 0u; s < GROUP; s++) {
            re[s] = 0.0;
            im[s] = 0.0;
        }
        // Term 0 is nothing: the window begins with 0.
        for (var n = 1u; n <= HALF; n++) {
            let t = table[n * BINS + bin];
            for (var s = 0u; s < GROUP; s++) {
                re[s] += t.x * even[n * GROUP + s];
                im[s] += t.y * odd[n * GROUP + s];
            }
        }
        for (var s = 0u; s < GROUP; s++) {
            power[s * BINS + bin] = re[s] * re[s] + im[s] * im[s];
        }
    }
}

// The decimal logarithm of the power under a band's triangle.
fn band_log(filters: u32, band: u32, s: u32, scale: f32) -> f32 {
    let first = shape[filters + 3u * band];
    let count = shape[filters + 3u * band + 1u];
    let at = shape[filters + 3u * band + 2u];
    var sum = 0.0;
    for (var i = 0u; i < count; i++) {
        sum += power[s * BINS + first + i] * bitcast<f32>(shape[at + i]);
    }
    return log2(max(sum * scale, 1e-10)) * 0.30102999566;
}
