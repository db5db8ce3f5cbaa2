/** The ids that the page gives its requests: an error says by them what was refused. */

const VOICE = 'voice-';

/** For the `audio_start` with this number. */
export function voiceRequest(number: number): string {
  return `${VOICE}${number}`;
}

/** Whether it was an `audio_start`: its refusal ends no question. */
export function isVoiceRequest(requestId: string | null): boolean {
  return requestId?.startsWith(VOICE) ?? false;
}
