/** Event in, next state out. Pure; every rule of what the page shows is here. */
import type { ContextData, PlainMessage, Trouble } from '../protocol/messages.js';
import type { ConsentOutcome } from '../protocol/trust.js';
import { CHOSEN, HUNG_UP, isVoiceRequest, KEPT, trustPlace, type RequestPlace } from '../protocol/requests.js';
import { proofWords } from './trust-words.js';
import { explain, explainChoice, explainRecovery, explainTrouble, explainVoice, sentence, SERVED, type Served } from './explain.js';
import type { Entry, Event, Her, State } from './model.js';
import { onDisconnected, onReconnected, onRefused, reduceTrust, tell } from './reduce-trust.js';
import type { TrustEvent } from './trust.js';
import { endingWords } from './trust-words.js';

const CLEARED = 'Cleared from view only: Janet still remembers what was said.';

/** The state after `event`. The same object comes back when nothing changed. */
export function reduce(state: State, event: Event): State {
  switch (event.type) {
    case 'server':
      return onServer(state, event.message);
    case 'link_connecting':
      return { ...state, link: { kind: 'connecting' } };
    case 'link_open':
      return { ...state, link: { kind: 'open' } };
    case 'link_lost':
      return onLost(state, { kind: 'waiting', why: event.why, retryAt: event.retryAt });
    case 'sent':
      return {
        ...append(state, (key) => ({
          kind: 'user',
          key,
          text: event.text,
          spoken: false,
          requestId: event.requestId,
        })),
        awaiting: true,
        her: state.her === 'quiet' ? 'thinking' : state.her,
      };
    case 'mic':
      return { ...state, mic: event.mic, partial: event.mic.kind === 'on' ? state.partial : null };
    case 'devices':
      return { ...state, devices: event.devices };
    case 'way':
      return { ...state, way: event.way, callStats: event.way === 'call' ? state.callStats : null };
    case 'call_stats':
      return { ...state, callStats: event.stats };
    case 'phone':
      return { ...state, phone: event.phone, muted: event.muted };
    case 'ring_silent':
      return { ...state, ringSilent: event.silent };
    case 'note':
      return append(state, (key) => ({ kind: 'note', key, text: event.text }));
    case 'chosen':
      return { ...state, refused: {}, applied: state.applied === null ? null : { ...state.applied, ...event.choice } };
    case 'settings_shown':
      return { ...state, refused: {}, settingsOpen: event.open };
    case 'committed':
      return { ...state, her: state.her === 'quiet' ? 'thinking' : state.her };
    case 'cleared':
      return append({ ...state, entries: [], cleared: true }, (key) => ({ kind: 'note', key, text: CLEARED }));
    case 'partial_stale':
      return {
        ...state,
        partial: null,
        her: state.her === 'thinking' && !state.awaiting ? 'quiet' : state.her,
      };
    case 'fault':
      return append(state, (key) => ({ kind: 'error', key, title: event.title, todo: event.todo }));
    default:
      return onTrust(state, event);
  }
}

/** How a question ended stands in the chat, too. */
function onTrust(state: State, event: TrustEvent): State {
  const trust = reduceTrust(state.trust, event);
  // Whatever was begun is not gone on with.
  const silent = trust.stopped !== null && trust.stopped !== state.trust.stopped ? ({ her: 'quiet', awaiting: false, partial: null } as const) : {};
  const next = trust === state.trust ? state : { ...state, trust, ...silent };
  const outcome = outcomeOf(event);
  if (outcome === null) return next;
  const ended = state.trust.questions.filter((one) => trust.questions.every((other) => other.consentId !== one.consentId));
  return ended.reduce((s, { action }) => append(s, (key) => ({ kind: 'note', key, text: endingWords(action, outcome) })), next);
}

/** How those questions ended that an event ended. */
function outcomeOf(event: TrustEvent): ConsentOutcome | null {
  if (event.type === 'consent_overdue') return 'expired';
  if (event.type !== 'trust') return null;
  if (event.message.type === 'consent_closed') return event.message.outcome;
  return event.message.type === 'red_thread_state' ? 'withdrawn' : null;
}

function onServer(state: State, message: PlainMessage): State {
  switch (message.type) {
    case 'connected': {
      // It comes once more when the models are loaded.
      const isFirst = state.status === null;
      return { ...state, status: message.status, role: message.role, capabilities: message.capabilities, iceServers: message.iceServers, link: { kind: 'open' }, trust: isFirst ? onReconnected(state.trust) : state.trust };
    }
    case 'context':
      return onContext(state, message.data);
    case 'transcript':
      return onTranscript(state, message.text, message.final);
    case 'assistant_delta':
      return {
        ...thinkingOver(changeReply(state, message.replyId, (e) => ({ ...e, text: e.text + message.text }))),
        awaiting: false,
      };
    case 'assistant_message':
      return onAnswer(state, message);
    case 'speaking':
      return onSpeaking(state, message.replyId, message.state);
    case 'speech_heard':
      return message.replyId === state.replyId ? { ...state, heardChars: message.chars } : state;
    case 'settings': {
      const { type: _, ...applied } = message;
      return { ...state, applied };
    }
    case 'error':
      return onError(state, message);
    case 'conversation_forgotten':
      return onForgotten(state, message);
    case 'audio_ready':
      return state.status === 'busy' ? { ...state, status: 'ready' } : state;
    case 'playout_flush':
    case 'pong':
    case 'vr_answer':
    case 'vr_response':
    case 'vr_error':
    case 'vr_ice':
    // The telephone's own.
    case 'voip_incoming':
    case 'voip_offer':
    case 'voip_connected':
    case 'voip_state':
    case 'voip_ended':
    case 'voip_error':
    case 'voip_ice':
    case 'face_clock':
    // Her face's, which has its own way.
    case 'viseme':
    case 'tone':
    case 'gesture':
    // The door's own.
    case 'pair_wanted':
    case 'pair_challenge':
    case 'paired':
      return state;
  }
}

/** Nothing of it is kept here, either. Where it was asked for in a dialog, that says so, too: behind it nobody reads. */
function onForgotten(state: State, { message, proof, requestId }: Extract<PlainMessage, { type: 'conversation_forgotten' }>): State {
  const context = state.context === null ? null : { ...state.context, messages: [], calls: [] };
  const trust = trustPlace(requestId) === 'privacy' ? tell(state.trust, 'privacy', true, sentence(message), proof) : state.trust;
  const bare: State = { ...state, her: 'quiet', awaiting: false, partial: null, replyId: null, heardChars: 0, entries: [], context, trust };
  return append(bare, (key) => ({ kind: 'note', key, text: proof === null ? message : `${message} ${proofWords(proof)}` }));
}

function onLost(state: State, link: State['link']): State {
  // A reply that was under way does not come back on the next connection; what was said stays.
  const entries = state.entries.map((e): Entry => (e.kind === 'assistant' && !e.done ? { ...e, done: true, interrupted: true } : e));
  return {
    ...state,
    entries,
    link,
    status: null,
    her: 'quiet',
    awaiting: false,
    replyId: null,
    partial: null,
    resumed: false,
    mic: state.mic.kind === 'sample' ? { kind: 'off' } : state.mic,
    trust: onDisconnected(state.trust),
  };
}

function onContext(state: State, data: ContextData): State {
  const next = followTrouble({ ...state, context: data, status: statusIn(data, state.status) }, state.context?.trouble ?? [], data.trouble);
  if (state.resumed) return next;
  // Shown only into an empty chat: what is already there is the same conversation, with more detail.
  if (state.cleared || state.entries.some((e) => e.kind === 'user' || e.kind === 'assistant')) return { ...next, resumed: true };
  return data.messages.reduce<State>(
    (s, past) =>
      append(s, (key) =>
        past.role === 'user'
          ? { kind: 'user', key, text: past.text, spoken: false, requestId: null }
          : {
              kind: 'assistant',
              key,
              replyId: `past-${key}`,
              text: past.text,
              done: true,
              interrupted: past.interrupted === true,
              latency: {},
            },
      ),
    { ...next, resumed: true },
  );
}

/** A busy server is `ready`, too: that it has room again is said apart. */
function statusIn({ status, busy }: ContextData, before: State['status']): State['status'] {
  if (before !== 'busy' || status === 'models_loading') return status ?? before;
  return busy ? 'busy' : 'ready';
}

/** Says once of each server that somebody else does its work, and once that it is over. */
function followTrouble(state: State, before: readonly Trouble[], now: readonly Trouble[]): State {
  return SERVED.reduce((s, role) => followServer(s, role, whyNot(before, role), whyNot(now, role)), state);
}

function followServer(state: State, role: Served, before: string | null, now: string | null): State {
  if (before === now) return state;
  if (now === null) return append(state, (key) => ({ kind: 'note', key, text: explainRecovery(role) }));
  const { title, todo } = explainTrouble(role, now);
  return append(state, (key) => ({ kind: 'error', key, title, todo }));
}

function whyNot(trouble: readonly Trouble[], role: Served): string | null {
  return trouble.find((one) => one.role === role)?.why ?? null;
}

function onTranscript(state: State, text: string, final: boolean): State {
  if (!final) return { ...state, partial: text === '' ? null : text };
  if (text.trim() === '') return { ...state, partial: null };
  return {
    ...append(state, (key) => ({ kind: 'user', key, text, spoken: true, requestId: null })),
    partial: null,
    awaiting: true,
    her: state.her === 'speaking' ? state.her : 'thinking',
  };
}

function onAnswer(state: State, message: Extract<PlainMessage, { type: 'assistant_message' }>): State {
  // Interrupted before its first word: there is nothing to show.
  if (message.text === '' && !hasReply(state, message.replyId)) return thinkingOver({ ...state, awaiting: false });
  const answered = changeReply(state, message.replyId, (e) => ({
    ...e,
    text: message.text,
    done: true,
    latency: message.latency,
  }));
  const shown = showUserText(answered, message.userText, message.replyId, message.requestId);
  return thinkingOver({ ...shown, awaiting: false, status: shown.status === 'busy' ? 'ready' : shown.status });
}

/** The server's version of what was said is the true one: it may have taken a secret out. */
function showUserText(state: State, userText: string, replyId: string, requestId: string | null): State {
  if (userText === '') return state;
  const reply = state.entries.findIndex((e) => e.kind === 'assistant' && e.replyId === replyId);
  const asked = state.entries.findLastIndex(
    (e, i) => e.kind === 'user' && (requestId === null ? i < reply : e.requestId === requestId),
  );
  const entries = [...state.entries];
  const entry = entries[asked];
  const previous = entries.findLastIndex((e, i) => e.kind === 'assistant' && i < reply);
  if (entry?.kind === 'user' && (requestId !== null || asked > previous)) {
    if (entry.text === userText) return state;
    entries[asked] = { ...entry, text: userText };
    return { ...state, entries };
  }
  // A voice turn whose final transcript never came as a message of its own.
  const key = String(state.nextKey);
  entries.splice(reply, 0, { kind: 'user', key, text: userText, spoken: true, requestId: null });
  return { ...state, entries, nextKey: state.nextKey + 1 };
}

function onSpeaking(state: State, replyId: string, voice: Extract<PlainMessage, { type: 'speaking' }>['state']): State {
  const her: Her =
    voice === 'started' || voice === 'resumed' ? 'speaking' : voice === 'paused' ? 'held' : state.awaiting ? 'thinking' : 'quiet';
  const heardChars = replyId === state.replyId ? state.heardChars : 0;
  const next = { ...state, her, replyId, heardChars, partial: voice === 'resumed' ? null : state.partial };
  if (voice !== 'stopped' || !hasReply(state, replyId)) return next;
  return changeReply(next, replyId, (e) => ({ ...e, interrupted: true }));
}

function onError(state: State, message: Extract<PlainMessage, { type: 'error' }>): State {
  if (isVoiceRequest(message.requestId)) return onVoiceRefused(state, message);
  // It was on the list a moment ago: as the server has it until it is back.
  if (message.requestId === KEPT || message.requestId === HUNG_UP) return state;
  if (message.requestId === CHOSEN) return onChoiceRefused(state, message);
  const place = trustPlace(message.requestId);
  if (place !== null) return onTrustRefused(state, place, message);
  const quiet = { ...thinkingOver(state), awaiting: false };
  switch (message.code) {
    // The user's own doing, or followed by the end of the connection, which says it better.
    case 'interrupted':
    case 'superseded':
    case 'shutting_down':
      return quiet;
    case 'unknown_client':
      // A stale id on a fresh page is nobody's concern.
      if (state.entries.length === 0) return state;
      return append(quiet, (key) => ({
        kind: 'note',
        key,
        text: 'The conversation above has ended; Janet does not remember it. A new one begins here.',
      }));
    default: {
      const { title, todo } = explain(message.code, message.message, message.field);
      const next = append(quiet, (key) => ({ kind: 'error', key, title, todo }));
      return { ...next, status: statusAfter(message.code) ?? state.status };
    }
  }
}

function onTrustRefused(state: State, place: RequestPlace, { code, message, field }: Extract<PlainMessage, { type: 'error' }>): State {
  const next = { ...state, trust: onRefused(state.trust, place, code, message, field) };
  // Nothing is open in which it could be told: whoever pulled the red thread has to hear it.
  if (!state.trust.pulling || place !== 'red_thread') return next;
  return append(next, (key) => ({ kind: 'error', key, ...explain(code, message, field) }));
}

/** Said beside its list while that is in view: behind an open dialog nothing is read, by nobody. */
function onChoiceRefused(state: State, message: Extract<PlainMessage, { type: 'error' }>): State {
  const explanation = explainChoice(message.code, message.message, message.field);
  const { field } = message;
  if (state.settingsOpen && (field === 'voice' || field === 'model')) {
    return { ...state, refused: { ...state.refused, [field]: explanation } };
  }
  return append(state, (key) => ({ kind: 'error', key, ...explanation }));
}

/** There is no voice stream. A question that waits for its answer still does, and typing goes on. */
function onVoiceRefused(state: State, message: Extract<PlainMessage, { type: 'error' }>): State {
  const { title, todo } = explainVoice(message.code, message.message, message.field);
  const next = append(state, (key) => ({ kind: 'error', key, title, todo }));
  return { ...next, status: statusAfter(message.code) ?? state.status };
}

function statusAfter(code: string): State['status'] {
  return code === 'overloaded' ? 'busy' : code === 'not_ready' ? 'models_loading' : null;
}

/** Text has come: she is not merely thinking any more. Her voice has its own messages. */
function thinkingOver(state: State): State {
  return state.her === 'thinking' ? { ...state, her: 'quiet' } : state;
}

function hasReply(state: State, replyId: string): boolean {
  return state.entries.some((e) => e.kind === 'assistant' && e.replyId === replyId);
}

type Reply = Extract<Entry, { kind: 'assistant' }>;

/** Changes a reply's entry, or makes it. */
function changeReply(state: State, replyId: string, change: (reply: Reply) => Reply): State {
  const at = state.entries.findLastIndex((e) => e.kind === 'assistant' && e.replyId === replyId);
  const entry = state.entries[at];
  if (entry?.kind === 'assistant') {
    const entries = [...state.entries];
    entries[at] = change(entry);
    return { ...state, entries };
  }
  return append(state, (key) =>
    change({ kind: 'assistant', key, replyId, text: '', done: false, interrupted: false, latency: {} }),
  );
}

function append(state: State, make: (key: string) => Entry): State {
  return { ...state, entries: [...state.entries, make(String(state.nextKey))], nextKey: state.nextKey + 1 };
}
