/** What is told of a call by telephone, while it lasts and when it is over: in words, and what to do next. Pure. */
import type { PastCall } from '../protocol/messages.js';
import { talkedMs, type End, type PhoneState } from '../phone/phone-state.js';
import { explain, explainMic, type Explanation } from './explain.js';
import type { State } from './model.js';

/** How far the call is, in a few words; a screen reader is told each of them. */
export function phoneTitle({ phone, her, muted, ringSilent }: Pick<State, 'phone' | 'her' | 'muted' | 'ringSilent'>): string {
  switch (phone.state) {
    case 'idle':
      return '';
    case 'ringing':
      return ringSilent ? 'Calling you, silently: this browser gives no sound before you touch the page' : 'Calling you';
    case 'connecting':
      return phone.stage === 'microphone' ? 'Waiting for the microphone' : 'Connecting';
    case 'connected':
      if (phone.asked) return 'Putting on hold';
      if (her === 'thinking') return 'Thinking';
      if (her === 'speaking') return muted ? 'Speaking; you are muted' : 'Speaking';
      return muted ? 'Muted: Janet does not hear you' : 'Listening';
    case 'on_hold':
      return phone.asked ? 'Going on' : 'On hold: neither hears the other';
    case 'ended':
      return endedTitle(phone.end).title;
  }
}

/** What can be done now that it is over; empty where nothing needs doing. */
export function phoneTodo(phone: PhoneState): string {
  return phone.state === 'ended' ? endedTitle(phone.end).todo : '';
}

/** `0:07`, `12:30`, `1:02:03`. */
export function clock(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const two = (n: number): string => String(n).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

/** How long they have talked; empty before they did. */
export function phoneClock(phone: PhoneState, now: number): string {
  const talks = phone.state === 'connected' || phone.state === 'on_hold';
  const ms = talkedMs(phone, now);
  return talks || ms > 0 ? clock(ms) : '';
}

/** One of the calls so far: what it was, and how it went. */
export function pastCall({ direction, missed, reason, durationMs }: PastCall): { title: string; detail: string } {
  const title = missed ? 'Missed call' : direction === 'outgoing' ? 'You called' : 'Janet called';
  return { title, detail: durationMs > 0 ? clock(durationMs) : missed ? '' : WITHOUT_A_WORD[reason] };
}

const WITHOUT_A_WORD: Record<PastCall['reason'], string> = {
  hung_up: 'hung up',
  declined: 'declined',
  missed: 'missed',
  timed_out: 'not connected in time',
  unreachable: 'no way found',
  network_lost: 'network lost',
  client_gone: 'connection lost',
  superseded: 'went on elsewhere',
  shutting_down: 'Janet shut down',
  failed: 'failed',
};

function endedTitle(end: End): Explanation {
  switch (end.why) {
    case 'hung_up':
      return { title: 'Call ended', todo: '' };
    case 'declined':
      return { title: 'Declined', todo: '' };
    case 'missed':
      return { title: 'Missed call', todo: 'Call back when it suits you.' };
    case 'timed_out':
      return end.durationMs > 0
        ? { title: 'The call was on hold for too long.', todo: 'Call again to go on; Janet remembers what was said.' }
        : { title: 'The call did not come about in time.', todo: 'Call again. “Start talking” on the page needs no call.' };
    case 'unreachable':
      return { title: 'No way for the call was found between this browser and Janet.', todo: 'Close this and press “Start talking”: voice goes over the WebSocket then.' };
    case 'network_lost':
      return { title: 'The network was lost.', todo: 'Call again once it is back; Janet remembers what was said.' };
    case 'client_gone':
      return { title: 'The connection to Janet was lost.', todo: 'The page connects again by itself; then call again.' };
    case 'superseded':
      return { title: 'This conversation went on in another window.', todo: 'Go on there, or close this and press “Use it here”.' };
    case 'shutting_down':
      return { title: 'Janet is being shut down.', todo: 'Call again when she is back.' };
    case 'failed':
      return { title: 'The call broke off through a fault of Janet’s.', todo: 'Call again; if it happens again, look at the server’s log.' };
    case 'no_microphone':
      return explainMic(end.trouble);
    case 'no_media':
      return { title: 'This browser could not set up the call.', todo: 'Reload the page and call again. “Start talking” needs no call.' };
    case 'refused':
      return refused(end.code, end.message, end.field);
  }
}

function refused(code: string, message: string, field: string | null): Explanation {
  switch (code) {
    case 'busy':
      return { title: 'Janet is in a call with you already, in another window or on another device.', todo: 'End that one, then call again.' };
    case 'overloaded':
      return { title: 'Janet has more to do than she can.', todo: 'Call again in a moment, or type to her meanwhile.' };
    case 'not_ready':
      return { title: 'Janet is still loading her models.', todo: 'Call again when the status above says “Ready”.' };
    case 'unreachable':
      return { title: 'This server takes no calls: it has no UDP port for them.', todo: 'Close this and press “Start talking”: voice goes over the WebSocket then.' };
    default:
      return explain(code, message, field);
  }
}
