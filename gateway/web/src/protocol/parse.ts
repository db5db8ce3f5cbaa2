/**
 * Reads the server's text frames. Never throws: what cannot be read comes back as a reason, what is
 * of an unknown type as `null`. Unknown fields are ignored.
 */
import { BadField, bad, id, isFields, number, requestId, text, textOr, Unreadable, wordOf, type Anything, type Unread } from './fields.js';
import type * as wire from './generated.js';
import type { Choice, ContextData, Latency, ModelInfo, PastCall, PastMessage, ServerMessage, Trouble } from './messages.js';
import { proof, readTrust } from './parse-trust.js';

export { Unreadable };

/** Frames of one message: eight seconds. */
const MOST_FACE_FRAMES = 480;
/** Weights of one frame: there are no more visemes. */
const MOST_WEIGHTS = 10;

const status = wordOf<wire.Status>({ ready: true, models_loading: true });
const role = wordOf<wire.Role>({ operator: true, guest: true });
const voiceState = wordOf<wire.SpeakingState>({ started: true, paused: true, resumed: true, finished: true, stopped: true });
const sensitivity = wordOf<wire.Sensitivity>({ low: true, normal: true, high: true });
const callStatus = wordOf<wire.VrStatus>({ connecting: true, connected: true, ended: true });
const callState = wordOf<wire.CallState>({ idle: true, ringing: true, connecting: true, connected: true, on_hold: true, ended: true });
const direction = wordOf<wire.CallDirection>({ incoming: true, outgoing: true });
const endReason = wordOf<wire.EndReason>({
  hung_up: true,
  declined: true,
  missed: true,
  timed_out: true,
  unreachable: true,
  network_lost: true,
  client_gone: true,
  superseded: true,
  shutting_down: true,
  failed: true,
});
const speaker = wordOf<wire.Speaker>({ user: true, assistant: true });

/** One text frame: a message, `null` for a type this page does not know, or why it is unreadable. */
export function parseServerMessage(frame: string): ServerMessage | Unreadable | null {
  let value: unknown;
  try {
    value = JSON.parse(frame);
  } catch {
    return new Unreadable('not JSON');
  }
  if (!isFields(value)) return new Unreadable('not an object');
  if (typeof value['type'] !== 'string') return new Unreadable('no type');
  try {
    return read(value['type'], value);
  } catch (error) {
    if (error instanceof BadField) return new Unreadable(`${value['type']}: bad ${error.message}`);
    throw error;
  }
}

function read(type: string, fields: Anything): ServerMessage | null {
  const known = type as wire.ServerMessage['type'] | wire.VrIceRequest['type'] | wire.VoipIceRequest['type'];
  switch (known) {
    case 'connected':
      return connected(known, fields);
    case 'audio_ready':
      return { type: known, playRateHz: number<wire.AudioReadyEvent>(fields, 'play_rate_hz') };
    case 'transcript':
      return transcript(known, fields);
    case 'assistant_delta':
      return delta(known, fields);
    case 'assistant_message':
      return answer(known, fields);
    case 'speaking':
      return speaking(known, fields);
    case 'speech_heard':
      return heard(known, fields);
    case 'settings':
      return settings(known, fields);
    case 'playout_flush':
      return { type: known, fromSample: number<wire.PlayoutFlushEvent>(fields, 'from_sample') };
    case 'context':
      return { type: known, data: context((fields as Unread<wire.ContextEvent>).data) };
    case 'pong':
      return { type: known };
    case 'error':
      return fault(known, fields);
    case 'pair_wanted':
      return { type: known, fingerprint: text<wire.PairWantedEvent>(fields, 'fingerprint') };
    case 'pair_challenge':
      return { type: known, message: text<wire.PairChallengeEvent>(fields, 'message') };
    case 'paired':
      return { type: known, key: text<wire.PairedEvent>(fields, 'key'), proof: text<wire.PairedEvent>(fields, 'proof') };
    // The older dialect's answer; the page speaks the other.
    case 'response':
    // What the command line asks for.
    case 'pair_opened':
    case 'pair_closed':
    case 'device_paired':
    case 'devices_listed':
    case 'device_revoked':
      return null;
    // Of a call the page is who offers.
    case 'vr_offer':
    // A page has no QUIC of this kind.
    case 'vr_opened':
    // For clients whose calls go by recordings.
    case 'voip_response':
    case 'voip_audio':
    // Nobody here asks for it.
    case 'audio_looping':
      return null;
    case 'voip_incoming':
      return { type: known, callId: text<wire.VoipIncomingEvent>(fields, 'call_id'), caller: textOr<wire.VoipIncomingEvent, string>(fields, 'caller', 'Janet') };
    case 'voip_offer':
      return { type: known, callId: text<wire.VoipOfferEvent>(fields, 'call_id'), sdp: text<wire.VoipOfferEvent>(fields, 'sdp') };
    case 'voip_connected':
      return { type: known, callId: text<wire.VoipConnectedEvent>(fields, 'call_id') };
    case 'voip_state':
      return phoneAt(known, fields);
    case 'voip_ended':
      return hungUp(known, fields);
    case 'voip_error':
      return phoneFault(known, fields);
    case 'voip_ice':
      return { type: known, callId: text<wire.VoipIceRequest>(fields, 'call_id'), candidate: candidate(fields) };
    case 'vr_answer':
      return {
        type: known,
        sessionId: text<wire.VrAnswerEvent>(fields, 'session_id'),
        sdp: text<wire.VrAnswerEvent>(fields, 'sdp'),
        requestId: requestId(fields),
      };
    case 'vr_response':
      return callAt(known, fields);
    case 'vr_error':
      return callFault(known, fields);
    case 'vr_ice':
      return { type: known, sessionId: text<wire.VrIceRequest>(fields, 'session_id'), candidate: candidate(fields) };
    case 'face_clock':
      return faceClock(known, fields);
    case 'viseme':
      return viseme(known, fields);
    case 'tone':
      return { type: known, name: text<wire.ToneEvent>(fields, 'name'), intensity: number<wire.ToneEvent>(fields, 'intensity'), atSample: number<wire.ToneEvent>(fields, 'at_sample') };
    case 'gesture':
      return { type: known, name: text<wire.GestureEvent>(fields, 'name'), atSample: number<wire.GestureEvent>(fields, 'at_sample') };
    case 'conversation_forgotten': {
      const about: Unread<wire.ConversationForgottenEvent> = fields;
      const proved = about.proof === undefined || about.proof === null ? null : isFields(about.proof) ? proof(about.proof) : bad('proof');
      return { type: known, message: text(about, 'message'), proof: proved, requestId: requestId(fields) };
    }
    case 'consent_request':
    case 'soul_check':
    case 'consent_request_audio':
    case 'consent_closed':
    case 'transfer_progress':
    case 'transfer_result':
    case 'transfer_denied':
    case 'transfer_error':
    case 'memory_results':
    case 'memory_result':
    case 'vault_result':
    case 'vault_exported':
    case 'red_thread_state':
    case 'red_thread_token':
    case 'grants_listed':
    case 'grant_added':
    case 'grant_revoked':
    case 'audit_entries':
    case 'personas_listed':
    case 'persona_changed':
    case 'privacy':
    case 'souls_listed':
      return readTrust(known, fields);
    default:
      // A type that came into the schema since is decided about here; one of a newer server is passed over.
      known satisfies never;
      return null;
  }
}

function connected(type: 'connected', fields: Unread<wire.ConnectedEvent>): ServerMessage {
  return {
    type,
    clientId: text(fields, 'client_id'),
    status: status(fields.status) ?? 'ready',
    role: role(fields.role) ?? 'guest',
    capabilities: Array.isArray(fields.capabilities) ? fields.capabilities.filter((name) => typeof name === 'string') : [],
    iceServers: Array.isArray(fields.ice_servers) ? fields.ice_servers.flatMap(iceServer) : [],
  };
}

/** One of the servers that help voice through routers; none where it has no addresses. */
function iceServer(server: unknown): RTCIceServer[] {
  if (typeof server !== 'object' || server === null) return [];
  const { urls, username, credential } = server as Unread<wire.IceServer>;
  if (!Array.isArray(urls) || !urls.every((url) => typeof url === 'string')) return [];
  const isKeyed = typeof username === 'string' && typeof credential === 'string';
  return [isKeyed ? { urls, username, credential } : { urls }];
}

function transcript(type: 'transcript', fields: Unread<wire.TranscriptEvent>): ServerMessage {
  return { type, text: text(fields, 'text'), final: fields.final === true };
}

function delta(type: 'assistant_delta', fields: Unread<wire.AssistantDeltaEvent>): ServerMessage {
  return { type, replyId: id(fields, 'reply_id'), text: text(fields, 'text') };
}

function answer(type: 'assistant_message', fields: Unread<wire.AssistantMessageEvent>): ServerMessage {
  return {
    type,
    replyId: id(fields, 'reply_id'),
    text: text(fields, 'text'),
    userText: textOr(fields, 'user_text', ''),
    latency: latency(fields.latency),
    audio: textOr(fields, 'audio', null),
    requestId: requestId(fields),
  };
}

function speaking(type: 'speaking', fields: Unread<wire.SpeakingEvent>): ServerMessage {
  return { type, replyId: id(fields, 'reply_id'), state: voiceState(fields.state) ?? bad('state') };
}

function heard(type: 'speech_heard', fields: Unread<wire.SpeechHeardEvent>): ServerMessage {
  return { type, replyId: id(fields, 'reply_id'), chars: number(fields, 'chars') };
}

function settings(type: 'settings', fields: Unread<wire.SettingsEvent>): ServerMessage {
  return {
    type,
    voiceSpeed: number(fields, 'voice_speed'),
    sensitivity: sensitivity(fields.sensitivity) ?? bad('sensitivity'),
    // An older server gives no choice.
    voice: textOr(fields, 'voice', 'auto'),
    model: textOr(fields, 'model', 'auto'),
  };
}

function fault(type: 'error', fields: Unread<wire.ErrorEvent>): ServerMessage {
  return {
    type,
    code: textOr(fields, 'code', 'unknown'),
    message: textOr(fields, 'message', 'The server reported an error and gave no reason.'),
    field: textOr(fields, 'field', null),
    requestId: requestId(fields),
  };
}

function callAt(type: 'vr_response', fields: Unread<wire.VrResponseEvent>): ServerMessage {
  return { type, sessionId: text(fields, 'session_id'), status: callStatus(fields.status) ?? bad('status') };
}

function callFault(type: 'vr_error', fields: Unread<wire.VrErrorEvent>): ServerMessage {
  return {
    type,
    code: textOr(fields, 'code', 'unknown'),
    field: textOr(fields, 'field', null),
    sessionId: textOr(fields, 'session_id', null),
    requestId: requestId(fields),
  };
}

function phoneAt(type: 'voip_state', fields: Unread<wire.VoipStateEvent>): ServerMessage {
  return { type, callId: text(fields, 'call_id'), state: callState(fields.state) ?? bad('state') };
}

function hungUp(type: 'voip_ended', fields: Unread<wire.VoipEndedEvent>): ServerMessage {
  // For whatever reason of a newer server: over is over.
  return { type, callId: text(fields, 'call_id'), reason: endReason(fields.reason) ?? 'failed', durationMs: number(fields, 'duration_ms') };
}

function phoneFault(type: 'voip_error', fields: Unread<wire.VoipErrorEvent>): ServerMessage {
  return {
    type,
    code: textOr(fields, 'code', 'unknown'),
    message: textOr(fields, 'message', 'The server reported an error and gave no reason.'),
    field: textOr(fields, 'field', null),
    callId: textOr(fields, 'call_id', null),
    requestId: requestId(fields),
  };
}

function candidate(fields: Unread<wire.VrIceRequest | wire.VoipIceRequest>): RTCIceCandidateInit {
  const { sdp_mid: sdpMid, sdp_mline_index: line } = fields;
  return {
    candidate: text(fields, 'candidate'),
    // All of a call share one transport.
    sdpMid: typeof sdpMid === 'string' ? sdpMid : '0',
    sdpMLineIndex: typeof line === 'number' ? line : 0,
  };
}

function faceClock(type: 'face_clock', fields: Unread<wire.FaceClockEvent>): ServerMessage {
  return { type, rtpTimestamp: number(fields, 'rtp_timestamp'), sample: number(fields, 'sample') };
}

/** One frame by itself, or several in `frames`. */
function viseme(type: 'viseme', fields: Anything): ServerMessage {
  const frames = fields['frames'] === undefined ? [fields] : fields['frames'];
  if (!Array.isArray(frames) || frames.length > MOST_FACE_FRAMES) return bad('frames');
  return { type, frames: frames.map(faceFrame) };
}

function faceFrame(value: unknown): { atSample: number; weights: Array<[number, number]> } {
  if (!isFields(value)) return bad('frames');
  const { weights } = value;
  if (!Array.isArray(weights) || weights.length > MOST_WEIGHTS) return bad('weights');
  return { atSample: number<wire.VisemeFrame>(value, 'at_sample'), weights: weights.map(weightPair) };
}

function weightPair(value: unknown): [number, number] {
  if (!Array.isArray(value) || value.length !== 2) return bad('weights');
  const [viseme, weight] = value as [unknown, unknown];
  return typeof viseme === 'number' && typeof weight === 'number' ? [viseme, weight] : bad('weights');
}

function loading(value: unknown): ContextData['loading'] {
  if (!isFields(value)) return null;
  const fields: Unread<wire.Loading> = value;
  const done = typeof fields.done === 'number' ? Math.min(1, Math.max(0, fields.done)) : 0;
  return { stage: textOr(fields, 'stage', ''), done };
}

/** Marks that are no numbers are left out: one odd mark must not cost the answer. */
function latency(value: unknown): Latency {
  const marks: Latency = {};
  if (!isFields(value)) return marks;
  for (const [name, ms] of Object.entries(value)) {
    if (typeof ms === 'number' && Number.isFinite(ms)) marks[name] = ms;
  }
  return marks;
}

function context(value: unknown): ContextData {
  if (!isFields(value)) return bad('data');
  const data: Unread<wire.ContextData> = value;
  return {
    messages: Array.isArray(data.messages) ? data.messages.flatMap(pastMessage) : [],
    models: models(data.models),
    profile: textOr(data, 'profile', ''),
    version: textOr(data, 'version', ''),
    calls: Array.isArray(data.calls) ? data.calls.flatMap(pastCall) : [],
    conversation: isFields(data.conversation) ? conversation(data.conversation) : null,
    status: status(data.status),
    loading: loading(data.loading),
    trouble: Array.isArray(data.trouble) ? data.trouble.flatMap(trouble) : [],
    busy: data.busy === true,
    voices: choices(data.voices),
    languageModels: choices(data.language_models),
  };
}

function conversation(fields: Unread<wire.ConversationInfo>): ContextData['conversation'] {
  const { expires_after_s: seconds } = fields;
  return { id: textOr(fields, 'id', ''), uuid: textOr(fields, 'uuid', ''), expiresAfterS: typeof seconds === 'number' ? seconds : null };
}

function trouble(value: unknown): Trouble[] {
  if (!isFields(value)) return [];
  const { role, why }: Unread<wire.Trouble> = value;
  return typeof role === 'string' && typeof why === 'string' ? [{ role, why }] : [];
}

function choices(value: unknown): Choice[] {
  return Array.isArray(value) ? value.flatMap(choice) : [];
}

function choice(value: unknown): Choice[] {
  if (!isFields(value)) return [];
  const fields: Unread<Choice> = value;
  return typeof fields.id === 'string' && fields.id !== '' ? [{ id: fields.id, name: textOr(fields, 'name', fields.id) }] : [];
}

function pastMessage(value: unknown): PastMessage[] {
  if (!isFields(value)) return [];
  const fields: Unread<wire.PastMessage> = value;
  const who = speaker(fields.role);
  return who !== null && typeof fields.text === 'string' ? [{ role: who, text: fields.text, interrupted: fields.interrupted === true }] : [];
}

function pastCall(value: unknown): PastCall[] {
  if (!isFields(value)) return [];
  const fields: Unread<wire.PastCall> = value;
  const way = direction(fields.direction);
  const { started_ms: startedMs, duration_ms: durationMs, missed } = fields;
  if (way === null || typeof startedMs !== 'number' || typeof durationMs !== 'number') return [];
  return [{ direction: way, startedMs, durationMs, missed: missed === true, reason: endReason(fields.reason) ?? 'failed' }];
}

function models(value: unknown): Record<string, ModelInfo> {
  const found: Record<string, ModelInfo> = {};
  if (!isFields(value)) return found;
  for (const [name, model] of Object.entries(value)) {
    if (typeof model === 'string') found[name] = { name: model, note: '' };
    else if (isFields(model)) {
      const fields: Unread<wire.ModelInfo> = model;
      found[name] = { name: textOr(fields, 'name', 'unnamed'), note: textOr(fields, 'note', '') };
    }
  }
  return found;
}
