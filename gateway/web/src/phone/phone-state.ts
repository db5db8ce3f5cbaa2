/**
 * A call by telephone as the page sees it. Pure: what somebody does here, what the server says and what
 * time it is go in, the next state comes out.
 *
 * The server's machine decides; this one follows it, and is held against the same vectors
 * (`gateway/protocol/schema/call-vectors.json`). It knows a little more: that the microphone is being
 * opened, that hold was asked for, and why a call ended that the server knows nothing of.
 */
import type { MicTrouble } from '../audio/microphone.js';
import type { CallDirection, EndReason, ServerMessage } from '../protocol/messages.js';

/** Which call, and with whom. */
export interface Who {
  readonly id: string;
  readonly direction: CallDirection;
  /** For people. */
  readonly name: string;
}

/** How a call ended. */
export type End =
  | { readonly why: EndReason; readonly durationMs: number }
  /** The server did not take it. */
  | { readonly why: 'refused'; readonly code: string; readonly message: string; readonly field: string | null }
  | { readonly why: 'no_microphone'; readonly trouble: MicTrouble }
  /** The browser could not set it up. */
  | { readonly why: 'no_media' };

export type PhoneState =
  | { readonly state: 'idle' }
  | { readonly state: 'ringing'; readonly who: Who; readonly since: number }
  /** `microphone`: that is being opened, which takes a person who allows it. `asked`: the server is. `agreed`: voice may flow. */
  | { readonly state: 'connecting'; readonly who: Who; readonly since: number; readonly stage: 'microphone' | 'asked' | 'agreed' }
  /** `asked`: the other of these two was asked for. */
  | { readonly state: 'connected' | 'on_hold'; readonly who: Who; readonly since: number; readonly talkingSince: number; readonly asked: boolean }
  /** `ours`: it was ended here, by somebody who knows. */
  | { readonly state: 'ended'; readonly who: Who; readonly since: number; readonly ours: boolean; readonly end: End };

/** What somebody at the page may do. */
export type Act = 'call' | 'accept' | 'hold' | 'resume' | 'hang_up';

export type Told = Extract<
  ServerMessage,
  { type: 'voip_incoming' | 'voip_offer' | 'voip_connected' | 'voip_state' | 'voip_ended' | 'voip_error' | 'voip_ice' }
>;

export type PhoneEvent =
  | { readonly type: 'call'; readonly id: string; readonly name: string }
  | { readonly type: Exclude<Act, 'call'> }
  /** The microphone is there, and the server was asked. */
  | { readonly type: 'asked' }
  /** The server's offer was answered. */
  | { readonly type: 'agreed' }
  | { readonly type: 'told'; readonly message: Told }
  /** The connection to the server is gone. */
  | { readonly type: 'gone' }
  /** It cannot go on here. */
  | { readonly type: 'broken'; readonly end: End }
  /** Nobody looks at how it ended any more. */
  | { readonly type: 'dismissed' }
  /** Only time has passed. */
  | { readonly type: 'time' };

/**
 * So much longer than the server waits the page does: the server's word comes first, and where none comes
 * the call is over all the same.
 */
export const LONGER_MS = 5_000;
/** As long as the server waits for each, in ms. */
export const WAITS_MS = { ringing: 45_000, connecting: 30_000, on_hold: 1_800_000 } as const;
/** How a call ended that was ended here is seen for so long; what somebody may have missed stays. */
export const SHOWN_MS = 4_000;

export const IDLE: PhoneState = { state: 'idle' };

/** Whether there is a call, or a ring. */
export function isOn(phone: PhoneState): boolean {
  return phone.state !== 'idle' && phone.state !== 'ended';
}

/** Whether this can be done now; what cannot is not offered. */
export function may(phone: PhoneState, act: Act): boolean {
  switch (act) {
    case 'call':
      return !isOn(phone);
    case 'accept':
      return phone.state === 'ringing';
    case 'hold':
      return phone.state === 'connected' && !phone.asked;
    case 'resume':
      return phone.state === 'on_hold' && !phone.asked;
    case 'hang_up':
      return isOn(phone);
  }
}

/** The state after `event`, at `now` in ms. The same object comes back when nothing changed. */
export function step(phone: PhoneState, event: PhoneEvent, now: number): PhoneState {
  switch (event.type) {
    case 'call': {
      const who: Who = { id: event.id, direction: 'outgoing', name: event.name };
      return may(phone, 'call') ? { state: 'connecting', who, since: now, stage: 'microphone' } : phone;
    }
    case 'accept':
      return phone.state === 'ringing' ? { state: 'connecting', who: phone.who, since: now, stage: 'microphone' } : phone;
    case 'asked':
    case 'agreed':
      return phone.state === 'connecting' ? { ...phone, since: now, stage: event.type } : phone;
    case 'hold':
    case 'resume':
      return may(phone, event.type) && (phone.state === 'connected' || phone.state === 'on_hold') ? { ...phone, asked: true } : phone;
    case 'hang_up':
      return ended(phone, { why: phone.state === 'ringing' ? 'declined' : 'hung_up', durationMs: talkedMs(phone, now) }, now, true);
    case 'gone':
      return ended(phone, { why: 'client_gone', durationMs: talkedMs(phone, now) }, now);
    case 'broken':
      return ended(phone, event.end, now);
    case 'told':
      return onTold(phone, event.message, now);
    case 'dismissed':
      return phone.state === 'ended' ? IDLE : phone;
    case 'time':
      return onTime(phone, now);
  }
}

/** When a `time` event changes it if nothing else does, in ms; null: never. */
export function dueAt(phone: PhoneState): number | null {
  switch (phone.state) {
    case 'ringing':
    case 'on_hold':
      return phone.since + WAITS_MS[phone.state] + LONGER_MS;
    case 'connecting':
      // Whoever is asked for the microphone may think about it.
      return phone.stage === 'microphone' ? null : phone.since + WAITS_MS.connecting + LONGER_MS;
    case 'ended':
      return phone.ours ? phone.since + SHOWN_MS : null;
    case 'idle':
    case 'connected':
      return null;
  }
}

/** How long they have talked by `now`, in ms, time on hold included. */
export function talkedMs(phone: PhoneState, now: number): number {
  if (phone.state === 'ended') return 'durationMs' in phone.end ? phone.end.durationMs : 0;
  return phone.state === 'connected' || phone.state === 'on_hold' ? Math.max(0, Math.round(now - phone.talkingSince)) : 0;
}

function onTime(phone: PhoneState, now: number): PhoneState {
  const due = dueAt(phone);
  if (due === null || now < due) return phone;
  if (phone.state === 'ended') return IDLE;
  const why = phone.state === 'ringing' ? 'missed' : 'timed_out';
  return ended(phone, { why, durationMs: talkedMs(phone, now) }, now);
}

function onTold(phone: PhoneState, message: Told, now: number): PhoneState {
  if (message.type === 'voip_incoming') return onRing(phone, message, now);
  // Of other calls than this one nothing is taken.
  if (phone.state === 'idle' || message.callId !== phone.who.id) return phone;
  switch (message.type) {
    case 'voip_connected':
      return phone.state === 'connecting' ? { state: 'connected', who: phone.who, since: now, talkingSince: now, asked: false } : phone;
    case 'voip_state':
      if (phone.state !== 'connected' && phone.state !== 'on_hold') return phone;
      if (message.state !== 'connected' && message.state !== 'on_hold') return phone;
      return { ...phone, state: message.state, since: message.state === phone.state ? phone.since : now, asked: false };
    case 'voip_ended': {
      const end: End = { why: message.reason, durationMs: message.durationMs };
      // What was ended here: how long it was, the server knows best.
      if (phone.state === 'ended') return phone.ours ? { ...phone, end } : phone;
      return ended(phone, end, now);
    }
    case 'voip_error':
      return onError(phone, message, now);
    case 'voip_offer':
    case 'voip_ice':
      return phone;
  }
}

function onRing(phone: PhoneState, message: Extract<Told, { type: 'voip_incoming' }>, now: number): PhoneState {
  // Both have called at the same moment: the server takes its own, and refuses ours.
  const crossed = phone.state === 'connecting' && phone.who.direction === 'outgoing' && phone.stage !== 'agreed';
  if (isOn(phone) && !crossed) return phone;
  return { state: 'ringing', who: { id: message.callId, direction: 'incoming', name: message.caller }, since: now };
}

function onError(phone: PhoneState, { code, message, field }: Extract<Told, { type: 'voip_error' }>, now: number): PhoneState {
  // Of a candidate that is not taken there are others, or the call ends by itself.
  if (field === 'candidate') return phone;
  if (phone.state === 'connecting') return ended(phone, { why: 'refused', code, message, field }, now);
  // What the server does not know is over.
  if (code === 'unknown_call') return ended(phone, { why: 'failed', durationMs: talkedMs(phone, now) }, now);
  return phone.state === 'connected' || phone.state === 'on_hold' ? { ...phone, asked: false } : phone;
}

function ended(phone: PhoneState, end: End, now: number, ours = false): PhoneState {
  if (phone.state === 'idle' || phone.state === 'ended') return phone;
  return { state: 'ended', who: phone.who, since: now, ours, end };
}
