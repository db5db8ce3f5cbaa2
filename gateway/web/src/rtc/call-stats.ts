/** What a call is like, from the browser's own counts (W3C webrtc-stats). Pure: reports in, a few numbers out. */

export interface CallStats {
  /** There and back, in ms; null until it was measured. */
  roundTripMs: number | null;
  /** How unevenly her packets come, in ms. */
  jitterMs: number | null;
  /** Share of her packets that were lost, 0 to 1. */
  lost: number;
  /** The same of the microphone's, as the server reports it; null until it did. */
  lostUp: number | null;
  /** Share of her sound that the browser had to make up, 0 to 1; what it made up of silence is left out. */
  concealed: number;
  /** Samples of hers, at the browser's rate. */
  samples: number;
  /** Energy of her sound so far (full scale for a second is 1): more than 0 means that there was some. */
  energy: number;
  packetsUp: number;
  packetsDown: number;
}

/** One report; which fields it has is the browser's choice. */
export type Fields = Readonly<Record<string, unknown>>;

export function callStats(reports: Iterable<unknown>): CallStats {
  const all = [...reports].filter(isFields);
  const of = (type: string): Fields => all.find((report) => report['type'] === type && (report['kind'] ?? 'audio') === 'audio') ?? {};
  const down = of('inbound-rtp');
  const up = of('outbound-rtp');
  const reported = of('remote-inbound-rtp');
  const way = selectedPair(all);
  const received = count(down, 'packetsReceived');
  // Duplicates may make it negative (RFC 3550 §6.4.1).
  const lost = Math.max(0, count(down, 'packetsLost'));
  const samples = count(down, 'totalSamplesReceived');
  const concealed = count(down, 'concealedSamples') - count(down, 'silentConcealedSamples');
  return {
    roundTripMs: ms(way['currentRoundTripTime'] ?? reported['roundTripTime']),
    jitterMs: ms(down['jitter']),
    lost: share(lost, received + lost),
    lostUp: typeof reported['fractionLost'] === 'number' ? reported['fractionLost'] : null,
    concealed: share(Math.max(0, concealed), samples),
    samples,
    energy: count(down, 'totalAudioEnergy'),
    packetsUp: count(up, 'packetsSent'),
    packetsDown: received,
  };
}

/** The pair of candidates that is used: by the transport's word, else the one that was nominated (Firefox). */
function selectedPair(all: readonly Fields[]): Fields {
  const id = all.find((report) => report['type'] === 'transport')?.['selectedCandidatePairId'];
  const pairs = all.filter((report) => report['type'] === 'candidate-pair');
  return pairs.find((pair) => (id === undefined ? pair['nominated'] === true : pair['id'] === id)) ?? {};
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}

function count(report: Fields, name: string): number {
  const value = report[name];
  return typeof value === 'number' ? value : 0;
}

function ms(seconds: unknown): number | null {
  return typeof seconds === 'number' ? seconds * 1000 : null;
}

function share(part: number, whole: number): number {
  return whole > 0 ? part / whole : 0;
}
