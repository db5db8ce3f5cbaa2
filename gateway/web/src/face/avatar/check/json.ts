/** Reads what may be anything. Each function names the field in what it throws, an `AvatarError`. Pure. */
import { AvatarError } from '../fault.js';

export type Fields = Record<string, unknown>;

export function corrupt(field: string, what: string): AvatarError {
  return new AvatarError('corrupt', `${field} ${what}`);
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An object; absent is an empty one. */
export function fields(value: unknown, field: string): Fields {
  if (value === undefined) return {};
  if (!isFields(value)) throw corrupt(field, 'is not an object');
  return value;
}

/** A list of at most so many; absent is an empty one. */
export function list(value: unknown, field: string, most: number): readonly unknown[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw corrupt(field, 'is not a list');
  if (value.length > most) throw new AvatarError('too_large', `${field} has ${value.length} entries, and ${most} are taken`);
  return value;
}

export function objects(value: unknown, field: string, most: number): readonly Fields[] {
  return list(value, field, most).map((one, at) => {
    if (!isFields(one)) throw corrupt(`${field}[${at}]`, 'is not an object');
    return one;
  });
}

/** A whole number from 0 on; absent is `otherwise`, and where that is null an error. */
export function whole(value: unknown, field: string, otherwise: number | null = null): number {
  if (value === undefined && otherwise !== null) return otherwise;
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw corrupt(field, 'is not a whole number');
  return value;
}

/** The place of an entry in a list of so many. */
export function place(value: unknown, field: string, length: number): number {
  const at = whole(value, field);
  if (at >= length) throw corrupt(field, `is ${at}, and there are ${length}`);
  return at;
}

/** So many finite numbers; absent is null. JSON can say 1e999. */
export function numbers(value: unknown, field: string, length: number): readonly number[] | null {
  if (value === undefined) return null;
  const known = Array.isArray(value) && value.length === length && value.every((one) => Number.isFinite(one));
  if (!known) throw corrupt(field, `is not ${length} finite numbers`);
  return value as number[];
}

export function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
