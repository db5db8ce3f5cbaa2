/** What reading a message's fields is made of. A field that is not as it must be is thrown as `BadField`. */
import type * as wire from './generated.js';

/** Why a frame could not be read. */
export class Unreadable {
  constructor(readonly reason: string) {}
}

/** A message of the wire that nobody has looked at yet: its names are known, its values are not. */
export type Unread<Message> = { readonly [Field in keyof Message]?: unknown };
export type Name<Message> = keyof Message & string;
export type Anything = Readonly<Record<string, unknown>>;

/** The words that a field may hold; the compiler sees to it that they are the wire's, all of them. */
export function wordOf<Word extends string>(words: Readonly<Record<Word, true>>): (value: unknown) => Word | null {
  return (value) => (typeof value === 'string' && Object.hasOwn(words, value) ? (value as Word) : null);
}

export class BadField extends Error {}

export function bad(field: string): never {
  throw new BadField(field);
}

export function isFields(value: unknown): value is Anything {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function text<Message>(fields: Unread<Message>, name: Name<Message>): string {
  const value = fields[name];
  return typeof value === 'string' ? value : bad(name);
}

export function textOr<Message, Otherwise extends string | null>(
  fields: Unread<Message>,
  name: Name<Message>,
  otherwise: Otherwise,
): string | Otherwise {
  const value = fields[name];
  return typeof value === 'string' ? value : otherwise;
}

export function number<Message>(fields: Unread<Message>, name: Name<Message>): number {
  const value = fields[name];
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : bad(name);
}

/** Ids are opaque: numbers and texts both serve. */
export function id<Message>(fields: Unread<Message>, name: Name<Message>): string {
  const value = fields[name];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : bad(name);
}

export function requestId(fields: Unread<{ request_id?: wire.RequestId }>): string | null {
  const value = fields.request_id;
  return typeof value === 'string' || typeof value === 'number' ? String(value) : null;
}
