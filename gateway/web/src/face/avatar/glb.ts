/**
 * The container of a binary glTF: a header and chunks. Looked at before any loader sees the file, and the
 * only place that reads it, so that what was checked is what is loaded. Pure.
 */
import { AvatarError } from './fault.js';
import { LIMITS } from './limits.js';

export interface Glb {
  /** The first chunk, parsed. Nothing in it is checked yet. */
  readonly json: Record<string, unknown>;
  /** The binary chunk; empty where there is none. */
  readonly bin: Uint8Array<ArrayBuffer>;
}

const MAGIC = 0x46546c67;
const JSON_CHUNK = 0x4e4f534a;
const BIN_CHUNK = 0x004e4942;
const HEADER_BYTES = 12;
const CHUNK_HEADER_BYTES = 8;

/** Files that people take for an avatar, by how they begin. */
const OTHERS: ReadonlyArray<readonly [string, string]> = [
  ['{', 'it is a glTF in text form, whose parts lie in other files'],
  ['PK', 'it is an archive'],
  ['Kaydara FBX', 'it is an FBX file'],
  ['<', 'it is a web page'],
  ['version https://git-lfs', 'it only says where the file lies'],
  ['\u0089PNG', 'it is a picture'],
  ['UnityFS', 'it is a Unity bundle'],
];

/** Throws `AvatarError`. */
export function readGlb(file: ArrayBuffer): Glb {
  if (file.byteLength > LIMITS.fileBytes) throw new AvatarError('too_large', `it has ${megabytes(file.byteLength)}, and ${megabytes(LIMITS.fileBytes)} are taken`);
  const view = new DataView(file);
  if (file.byteLength < 4 || view.getUint32(0, true) !== MAGIC) throw new AvatarError('not_glb', whatElse(file));
  if (file.byteLength < HEADER_BYTES + CHUNK_HEADER_BYTES) throw new AvatarError('truncated', `it ends after ${file.byteLength} bytes, within its header`);
  const version = view.getUint32(4, true);
  if (version !== 2) throw new AvatarError('unsupported', `its container has version ${version}, and 2 is known`);
  const length = view.getUint32(8, true);
  if (length > file.byteLength) throw new AvatarError('truncated', `it has ${file.byteLength} of the ${length} bytes that its header names`);
  return readChunks(file, view, length);
}

function readChunks(file: ArrayBuffer, view: DataView, length: number): Glb {
  let json: Record<string, unknown> | null = null;
  let bin: Uint8Array<ArrayBuffer> | null = null;
  for (let at = HEADER_BYTES; at < length; ) {
    if (at + CHUNK_HEADER_BYTES > length) throw new AvatarError('corrupt', `the chunk at byte ${at} has no room for its header`);
    const size = view.getUint32(at, true);
    const kind = view.getUint32(at + 4, true);
    const start = at + CHUNK_HEADER_BYTES;
    if (size > length - start) throw new AvatarError('corrupt', `the chunk at byte ${at} names ${size} bytes, and ${length - start} are left`);
    const chunk = new Uint8Array(file, start, size);
    if (json === null) {
      if (kind !== JSON_CHUNK) throw new AvatarError('corrupt', 'its first chunk is not JSON');
      json = parse(chunk);
    } else if (kind === JSON_CHUNK) throw new AvatarError('corrupt', `there is a second JSON chunk at byte ${at}`);
    else if (kind === BIN_CHUNK) bin ??= chunk;
    at = start + size;
  }
  if (json === null) throw new AvatarError('truncated', 'it has no JSON chunk');
  return { json, bin: bin ?? new Uint8Array(0) };
}

function parse(chunk: Uint8Array): Record<string, unknown> {
  if (chunk.byteLength > LIMITS.jsonBytes) throw new AvatarError('too_large', `its JSON has ${megabytes(chunk.byteLength)}, and ${megabytes(LIMITS.jsonBytes)} are taken`);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(chunk));
  } catch {
    throw new AvatarError('corrupt', 'its JSON chunk cannot be read');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new AvatarError('corrupt', 'its JSON chunk is not an object');
  return value as Record<string, unknown>;
}

function whatElse(file: ArrayBuffer): string {
  const start = new TextDecoder('latin1').decode(file.slice(0, 32)).trimStart();
  return OTHERS.find(([begins]) => start.startsWith(begins))?.[1] ?? 'it does not begin as one';
}

function megabytes(bytes: number): string {
  return `${(bytes / (1024 * 1024)).toFixed(1)} MiB`;
}
