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
