/**
 * What the audio loop costs, as far as a page can know: from the microphone through Janet's machine back to
 * the ear, without the time she thinks. Nothing is played for it; the browser counts all the time, and what
 * came between two looks is what holds now. Pure.
 *
 * `measured`: the browser's own counts (W3C webrtc-stats). `reckoned`: follows from how Opus works. What
 * nobody here can know is named, and not guessed at.
 */

export interface Part {
  readonly name: string;
  readonly ms: number;
  readonly source: 'measured' | 'reckoned';
}

export interface AudioLoop {
  /** In the order in which sound passes them. */
  readonly parts: readonly Part[];
  /** What is in the loop, too, and cannot be seen from here. */
  readonly unseen: readonly string[];
}

/** One look: the browser's reports, and what its audio devices take, in ms. */
export interface Look {
  readonly reports: readonly unknown[];
  readonly outputMs: number;
  readonly inputMs: number | null;
}

/** A packet's 20 ms, all of which must be there before it can go, and Opus's look-ahead (RFC 6716 §2: 6.5 ms). */
const PACKING_MS = 20 + 6.5;

/** Null when nothing flowed in between. */
export function audioLoop(before: Look, after: Look): AudioLoop | null {
  const [first, last] = [fieldsOf(before.reports), fieldsOf(after.reports)];
  const buffered = meanMs(first, last, 'inbound-rtp', 'jitterBufferDelay', 'jitterBufferEmittedCount');
  const way = meanMs(first, last, 'candidate-pair', 'totalRoundTripTime', 'responsesReceived') ?? latestWayMs(last);
  if (buffered === null) return null;
  const sending = meanMs(first, last, 'outbound-rtp', 'totalPacketSendDelay', 'packetsSent');
  const played = meanMs(first, last, 'media-playout', 'totalPlayoutDelay', 'totalSamplesCount') ?? (after.outputMs > 0 ? after.outputMs : null);
  const parts: Part[] = [];
  const unseen: string[] = [];
  const add = (name: string, ms: number | null, source: Part['source'] = 'measured'): void => {
    if (ms === null) unseen.push(name);
    else parts.push({ name, ms, source });
  };
  add('Microphone', after.inputMs);
  add('Packing (Opus)', PACKING_MS, 'reckoned');
  if (sending !== null) add('Sending', sending);
  add('There and back', way);
  add('Jitter buffer', buffered);
  add('Loudspeaker', played);
  unseen.push('Janet’s own jitter buffer and packing');
  return { parts, unseen };
}

/** Of all that is known, in ms. */
export function loopMs({ parts }: AudioLoop): number {
  return parts.reduce((sum, { ms }) => sum + ms, 0);
}

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(reports: readonly unknown[]): readonly Fields[] {
  return reports.filter((report): report is Fields => typeof report === 'object' && report !== null);
}

/** Mean of what came between: `sum` is in seconds, over `count`; null where it is not counted, or nothing came. */
function meanMs(before: readonly Fields[], after: readonly Fields[], type: string, sum: string, count: string): number | null {
  const now = find(after, type);
  const then = before.find((report) => report['id'] === now?.['id']) ?? {};
  const seconds = difference(then, now, sum);
  const times = difference(then, now, count);
  return seconds === null || times === null || times <= 0 ? null : Math.max(0, (seconds / times) * 1000);
}

function difference(before: Fields, now: Fields | undefined, name: string): number | null {
  const value = now?.[name];
  if (typeof value !== 'number') return null;
  const earlier = before[name];
  return value - (typeof earlier === 'number' ? earlier : 0);
}

/** Of the candidates' pairs the one that is used. */
function find(reports: readonly Fields[], type: string): Fields | undefined {
  const pair = reports.find((report) => report['type'] === 'transport')?.['selectedCandidatePairId'];
  return reports.find((report) => report['type'] === type && (type !== 'candidate-pair' || (pair === undefined ? report['nominated'] === true : report['id'] === pair)));
}

function latestWayMs(reports: readonly Fields[]): number | null {
  const seconds = find(reports, 'candidate-pair')?.['currentRoundTripTime'];
  return typeof seconds === 'number' ? seconds * 1000 : null;
}
