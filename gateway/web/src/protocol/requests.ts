/** The ids that the page gives its requests: an error says by them what was refused. */

const VOICE = 'voice-';
/** For a `settings_set` with what was just chosen from one of the server's lists. */
export const CHOSEN = 'chosen';
/** For one with what was chosen on an earlier day: its refusal is nobody's concern. */
export const KEPT = 'kept';
/** For the `audio_stop` behind a call, which may have ended by itself by then: its refusal is nobody's concern, either. */
export const HUNG_UP = 'hung-up';

/** For the `audio_start` with this number. */
export function voiceRequest(number: number): string {
  return `${VOICE}${number}`;
}

/** Whether it was an `audio_start`: its refusal ends no question. */
export function isVoiceRequest(requestId: string | null): boolean {
  return requestId?.startsWith(VOICE) ?? false;
}

const TRUST = 'trust-';
/** What a request about trust was asked for. */
export type RequestPlace = 'memory' | 'vault' | 'privacy' | 'grants' | 'audit' | 'personas' | 'transfer' | 'red_thread' | 'consent';

/** For a request about trust: its error is told there. */
export function trustRequest(place: RequestPlace, number: number): string {
  return `${TRUST}${place}-${number}`;
}

/** Where the error of a request about trust is told; null: it was none. */
export function trustPlace(requestId: string | null): RequestPlace | null {
  const found = /^trust-([a-z_]+)-\d+$/.exec(requestId ?? '');
  return found === null ? null : (found[1] as RequestPlace);
}

/** Whether something answers a request that another one has followed since. */
export function isOlderAnswer(answers: string | null, asked: string | undefined): boolean {
  return answers !== null && asked !== undefined && answers !== asked;
}
