/** What is told of the way that voice takes: a few lines, in words. Pure. */
import type { State } from './model.js';

/** A name and what it is. */
export type Fact = readonly [name: string, value: string];

const NOT_YET = 'not measured yet';

export function callFacts({ way, callStats }: Pick<State, 'way' | 'callStats'>): Fact[] {
  switch (way) {
    case 'none':
      return [['Transport', 'none open']];
    case 'socket':
      return [['Transport', 'WebSocket']];
    case 'socket_instead':
      return [['Transport', 'WebSocket, because WebRTC did not get through']];
    case 'call':
      break;
  }
  const facts: Fact[] = [['Transport', 'WebRTC']];
  if (callStats === null) return facts;
  const { roundTripMs, jitterMs, lost, lostUp, concealed } = callStats;
  return [
    ...facts,
    ['Round trip', roundTripMs === null ? NOT_YET : `${Math.round(roundTripMs)} ms`],
    ['Jitter', jitterMs === null ? NOT_YET : `${Math.round(jitterMs)} ms`],
    ['Packets lost', lostUp === null ? percent(lost) : `${percent(lost)} of hers, ${percent(lostUp)} of yours`],
    ['Concealed sound', percent(concealed)],
  ];
}

function percent(share: number): string {
  const value = share * 100;
  return `${value > 0 && value < 10 ? value.toFixed(1) : Math.round(value)} %`;
}
