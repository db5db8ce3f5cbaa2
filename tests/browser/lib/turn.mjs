/** The steps that the voice scripts share. */

/** Models load once per server: minutes on a slow machine. */
const LOAD_MS = 120_000;
/** From the end of a spoken question to the first sound of its answer, on a busy machine. */
export const ANSWER_MS = 30_000;

/** Page up, models loaded, microphone on in hands-free mode, over the WebSocket. */
export async function startTalking(janet, report) {
  await turnOn(janet, report);
  report.ok(await janet.until((s) => s.micFrames > 10, 10_000), 'frames go up');
  report.ok((await janet.stats()).way === 'socket', 'over the WebSocket', (await janet.stats()).way);
}

/** The same over a call. */
export async function startCall(janet, report) {
  await turnOn(janet, report);
  const stats = await janet.stats();
  report.ok(stats.way === 'call', 'there is a call', stats.way);
  report.ok(await janet.until((s) => s.call?.packetsUp > 10, 10_000), 'the browser sends packets');
  report.ok((await janet.stats()).micFrames === 0, 'and nothing of the microphone goes over the WebSocket');
}

async function turnOn(janet, report) {
  report.ok(await janet.until((s) => s.status === 'ready', LOAD_MS), 'the page connects and the models are ready');
  await janet.page.click('#mic');
  report.ok(await janet.until((s) => s.micState === 'on', 15_000), 'the microphone opens');
}

/** In samples at 48 kHz. Of the last 100 ms of an answer nobody tells, and the shortest ones ("Paris.") take half a second. */
const HEARD_SAMPLES = 12_000;

/** She was heard over the call: sound came, was played, and the page has told how far. */
export function heardOverCall(janet, since, timeoutMs) {
  return janet.until((s) => s.play.peak > 0.02 && s.call?.energy > since.energy + 1e-4 && lastHeard(s) - since.sample > HEARD_SAMPLES, timeoutMs);
}

/** Where that counts from. */
export function heardSoFar({ call, callHeard }) {
  return { energy: call?.energy ?? 0, sample: callHeard.at(-1)?.sample ?? 0 };
}

function lastHeard({ callHeard }) {
  return callHeard.at(-1)?.sample ?? 0;
}

/** The voice's states from the n-th on, as one line. */
export function voiceLine(stats, from = 0) {
  return stats.voice.slice(from).map((v) => v.state).join(' → ');
}

/** What every script asks at its end. */
export async function checkHealth(janet, report) {
  const stats = await janet.stats();
  report.ok(stats.unreadable.length === 0, 'every text frame could be read', stats.unreadable.join('; '));
  report.ok(stats.badFrames === 0, 'every binary frame could be read');
  report.ok(stats.errors.length === 0, 'the server reported no error', stats.errors.join(', '));
  report.ok(janet.problems.length === 0, 'the browser reported no problem', janet.problems.join('; '));
}

/** First edit distance (in words) between what was said and what was understood. */
export function wordErrors(reference, heard) {
  const words = (text) => text.toLowerCase().replace(/[^a-z0-9' ]+/g, ' ').split(/\s+/).filter((w) => w !== '');
  const [a, b] = [words(reference), words(heard)];
  let row = b.map((_, j) => j + 1);
  a.forEach((word, i) => {
    let diagonal = i;
    let left = i + 1;
    row = row.map((above, j) => {
      const cost = Math.min(above + 1, left + 1, diagonal + (word === b[j] ? 0 : 1));
      diagonal = above;
      left = cost;
      return cost;
    });
  });
  return row.at(-1) ?? a.length;
}
