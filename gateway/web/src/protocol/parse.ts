/**
 * Reads the server's text frames. Never throws: what cannot be read comes back as a reason, what is
 * of an unknown type as `null`. Unknown fields are ignored.
 */
import type { ContextData, Latency, ModelInfo, PastMessage, Sensitivity, ServerMessage, ServerStatus, VoiceState } from './messages.js';

/** Why a frame could not be read. */
export class Unreadable {
  constructor(readonly reason: string) {}
}

type Fields = Record<string, unknown>;

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

function read(type: string, fields: Fields): ServerMessage | null {
  switch (type) {
    case 'connected':
      return {
        type,
        clientId: text(fields, 'client_id'),
        status: status(fields['status']) ?? 'ready',
        role: textOr(fields, 'role', 'guest'),
      };
    case 'status':
      return { type, status: status(fields['status']) ?? bad('status') };
    case 'audio_ready':
      return { type, playRateHz: number(fields, 'play_rate_hz') };
    case 'transcript':
      return { type, text: text(fields, 'text'), final: fields['final'] === true };
    case 'assistant_delta':
      return { type, replyId: id(fields, 'reply_id'), text: text(fields, 'text') };
    case 'assistant_message':
      return {
        type,
        replyId: id(fields, 'reply_id'),
        text: text(fields, 'text'),
        userText: textOr(fields, 'user_text', ''),
        latency: latency(fields['latency']),
        audio: typeof fields['audio'] === 'string' ? fields['audio'] : null,
        requestId: requestId(fields),
      };
    case 'speaking':
      return { type, replyId: id(fields, 'reply_id'), state: voiceState(fields['state']) };
    case 'speech_heard':
      return { type, replyId: id(fields, 'reply_id'), chars: number(fields, 'chars') };
    case 'settings':
      return { type, voiceSpeed: number(fields, 'voice_speed'), sensitivity: sensitivity(fields['sensitivity']) };
    case 'playout_flush':
      return { type, fromSample: number(fields, 'from_sample') };
    case 'context':
      return { type, data: context(fields['data']) };
    case 'pong':
      return { type };
    case 'error':
      return {
        type,
        code: textOr(fields, 'code', 'unknown'),
        message: textOr(fields, 'message', 'The server reported an error and gave no reason.'),
        field: typeof fields['field'] === 'string' ? fields['field'] : null,
        requestId: requestId(fields),
      };
    default:
      return null;
  }
}

class BadField extends Error {}

function bad(field: string): never {
  throw new BadField(field);
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function text(fields: Fields, name: string): string {
  const value = fields[name];
  return typeof value === 'string' ? value : bad(name);
}

function textOr(fields: Fields, name: string, otherwise: string): string {
  const value = fields[name];
  return typeof value === 'string' ? value : otherwise;
}

function number(fields: Fields, name: string): number {
  const value = fields[name];
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : bad(name);
}

/** Ids are opaque: numbers and texts both serve. */
function id(fields: Fields, name: string): string {
  const value = fields[name];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : bad(name);
}

function requestId(fields: Fields): string | null {
  const value = fields['request_id'];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : null;
}

function status(value: unknown): ServerStatus | null {
  return value === 'ready' || value === 'models_loading' || value === 'busy' ? value : null;
}

function voiceState(value: unknown): VoiceState {
  switch (value) {
    case 'started':
    case 'paused':
    case 'resumed':
    case 'finished':
    case 'stopped':
      return value;
    default:
      return bad('state');
  }
}

function sensitivity(value: unknown): Sensitivity {
  return value === 'low' || value === 'normal' || value === 'high' ? value : bad('sensitivity');
}

function loading(value: unknown): ContextData['loading'] {
  if (!isFields(value)) return null;
  const done = value['done'];
  return { stage: textOr(value, 'stage', ''), done: typeof done === 'number' ? Math.min(1, Math.max(0, done)) : 0 };
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
  const conversation = value['conversation'];
  return {
    messages: Array.isArray(value['messages']) ? value['messages'].flatMap(pastMessage) : [],
    models: models(value['models']),
    profile: textOr(value, 'profile', ''),
    version: textOr(value, 'version', ''),
    conversation: isFields(conversation)
      ? {
          id: textOr(conversation, 'id', ''),
          expiresAfterS: typeof conversation['expires_after_s'] === 'number' ? conversation['expires_after_s'] : null,
        }
      : null,
    status: status(value['status']),
    loading: loading(value['loading']),
    trouble: typeof value['trouble'] === 'string' ? value['trouble'] : null,
  };
}

function pastMessage(value: unknown): PastMessage[] {
  if (!isFields(value) || typeof value['text'] !== 'string') return [];
  const role = value['role'];
  return role === 'user' || role === 'assistant' ? [{ role, text: value['text'] }] : [];
}

function models(value: unknown): Record<string, ModelInfo> {
  const found: Record<string, ModelInfo> = {};
  if (!isFields(value)) return found;
  for (const [role, model] of Object.entries(value)) {
    if (typeof model === 'string') found[role] = { name: model, note: '' };
    else if (isFields(model)) found[role] = { name: textOr(model, 'name', 'unnamed'), note: textOr(model, 'note', '') };
  }
  return found;
}
