/**
 * The numbers of an avatar: buffers, views of them, accessors. Everything is held against what there really
 * is, so that no loader reads past an end or sets memory aside for what is only promised. Pure.
 */
import { AvatarError } from '../fault.js';
import type { Glb } from '../glb.js';
import { LIMITS } from '../limits.js';
import { corrupt, fields, isFields, objects, place, text, whole, type Fields } from './json.js';

/** One accessor, as it may be read. */
export interface Accessor {
  readonly field: string;
  readonly count: number;
  /** Numbers in each element. */
  readonly width: number;
  readonly componentType: number;
  /** Where the first number lies, in bytes from the view's own; null where all are zero. */
  readonly bytes: DataView | null;
  /** From one element to the next, in bytes. */
  readonly stride: number;
  /** The values of the places that differ, if it is sparse. */
  readonly sparse: Accessor | null;
}

export interface Buffers {
  readonly buffers: ReadonlyArray<Uint8Array<ArrayBuffer>>;
  readonly views: ReadonlyArray<Uint8Array>;
  readonly accessors: readonly Accessor[];
}

const FLOAT = 5126;
const SIZES: Readonly<Record<number, number>> = { 5120: 1, 5121: 1, 5122: 2, 5123: 2, 5125: 4, [FLOAT]: 4 };
const WIDTHS: Readonly<Record<string, number>> = { SCALAR: 1, VEC2: 2, VEC3: 3, VEC4: 4, MAT2: 4, MAT3: 9, MAT4: 16 };

interface View {
  readonly bytes: Uint8Array;
  readonly stride: number | null;
}

export function checkBuffers({ json, bin }: Glb): Buffers {
  const buffers = objects(json['buffers'], 'buffers', 16).map((one, at) => bufferBytes(one, `buffers[${at}]`, at === 0 ? bin : null));
  const views = objects(json['bufferViews'], 'bufferViews', LIMITS.accessors).map((one, at) => viewOf(one, `bufferViews[${at}]`, buffers));
  let total = 0;
  // Before any of them is looked through: many may share the same bytes.
  const spend: Spend = (numbers) => {
    total += numbers;
    if (total > LIMITS.numbers) throw new AvatarError('too_large', `its accessors hold ${total} numbers or more, and ${LIMITS.numbers} are taken`);
  };
  const accessors = objects(json['accessors'], 'accessors', LIMITS.accessors).map((one, at) => accessorOf(one, `accessors[${at}]`, views, spend));
  return { buffers, views: views.map(({ bytes }) => bytes), accessors };
}

/** Whether a text is data itself. Whatever else names a file is refused: nothing is fetched. */
export function dataOf(uri: string, field: string): Uint8Array<ArrayBuffer> {
  const begins = /^data:[\w.+/-]*(?:;[\w=.-]+)*;base64,/i.exec(uri);
  if (begins === null) throw new AvatarError('external', `${field} names “${uri.slice(0, 64)}”`);
  try {
    return Uint8Array.from(atob(uri.slice(begins[0].length)), (c) => c.charCodeAt(0));
  } catch {
    throw corrupt(field, 'is not base64');
  }
}

function bufferBytes(one: Fields, field: string, bin: Uint8Array<ArrayBuffer> | null): Uint8Array<ArrayBuffer> {
  const length = whole(one['byteLength'], `${field}.byteLength`);
  const { uri } = one;
  if (uri !== undefined && typeof uri !== 'string') throw corrupt(`${field}.uri`, 'is not a text');
  if (uri === undefined && bin === null) throw corrupt(field, 'has no data');
  const bytes = uri === undefined ? (bin as Uint8Array<ArrayBuffer>) : dataOf(uri, `${field}.uri`);
  if (length > bytes.byteLength) throw new AvatarError('truncated', `${field}.byteLength is ${length}, and there are ${bytes.byteLength} bytes`);
  return bytes.subarray(0, length);
}

function viewOf(one: Fields, field: string, buffers: readonly Uint8Array[]): View {
  const buffer = buffers[place(one['buffer'], `${field}.buffer`, buffers.length)] as Uint8Array;
  const offset = whole(one['byteOffset'], `${field}.byteOffset`, 0);
  const length = whole(one['byteLength'], `${field}.byteLength`);
  if (offset + length > buffer.byteLength) throw corrupt(field, `ends at byte ${offset + length} of a buffer of ${buffer.byteLength}`);
  const stride = one['byteStride'] === undefined ? null : whole(one['byteStride'], `${field}.byteStride`);
  if (stride !== null && (stride < 4 || stride > 252 || stride % 4 !== 0)) throw corrupt(`${field}.byteStride`, `is ${stride}`);
  return { bytes: buffer.subarray(offset, offset + length), stride };
}

type Spend = (numbers: number) => void;

function accessorOf(one: Fields, field: string, views: readonly View[], spend: Spend): Accessor {
  const width = WIDTHS[text(one['type'])];
  if (width === undefined) throw corrupt(`${field}.type`, 'is not known');
  const count = whole(one['count'], `${field}.count`);
  if (count === 0 || count * width > LIMITS.numbers) throw new AvatarError(count === 0 ? 'corrupt' : 'too_large', `${field}.count is ${count}`);
  spend(count * width);
  const at = one['bufferView'];
  const view = at === undefined ? null : (views[place(at, `${field}.bufferView`, views.length)] as View);
  const offset = whole(one['byteOffset'], `${field}.byteOffset`, 0);
  const base = elements(field, { count, width, componentType: whole(one['componentType'], `${field}.componentType`), view, offset });
  return { ...base, sparse: one['sparse'] === undefined ? null : sparseOf(one['sparse'], base, views, spend) };
}

function sparseOf(value: unknown, base: Accessor, views: readonly View[], spend: Spend): Accessor {
  const field = `${base.field}.sparse`;
  const sparse = fields(value, field);
  const count = whole(sparse['count'], `${field}.count`);
  if (count === 0 || count > base.count) throw corrupt(`${field}.count`, `is ${count} of ${base.count}`);
  spend(count * (1 + base.width));
  const part = (name: 'indices' | 'values', width: number, componentType: (one: Fields) => number): Accessor => {
    const one = sparse[name];
    if (!isFields(one)) throw corrupt(`${field}.${name}`, 'is missing');
    const view = views[place(one['bufferView'], `${field}.${name}.bufferView`, views.length)] as View;
    const offset = whole(one['byteOffset'], `${field}.${name}.byteOffset`, 0);
    return elements(`${field}.${name}`, { count, width, componentType: componentType(one), view, offset });
  };
  const indices = part('indices', 1, (one) => whole(one['componentType'], `${field}.indices.componentType`));
  eachNumber(indices, (index, at) => {
    if (index >= base.count) throw corrupt(`${field}.indices`, `has ${index} at ${at}, and there are ${base.count}`);
  });
  return part('values', base.width, () => base.componentType);
}

interface Elements {
  count: number;
  width: number;
  componentType: number;
  view: View | null;
  offset: number;
}

function elements(field: string, { count, width, componentType, view, offset }: Elements): Accessor {
  const size = SIZES[componentType];
  if (size === undefined) throw corrupt(`${field}.componentType`, `is ${componentType}`);
  const element = size * width;
  const stride = view?.stride ?? element;
  if (offset % size !== 0 || stride % size !== 0 || stride < element) throw corrupt(field, 'is not aligned');
  const end = offset + stride * (count - 1) + element;
  if (view !== null && end > view.bytes.byteLength) throw corrupt(field, `ends at byte ${end} of a view of ${view.bytes.byteLength}`);
  const bytes = view === null ? null : new DataView(view.bytes.buffer, view.bytes.byteOffset + offset, end - offset);
  return { field, count, width, componentType, bytes, stride, sparse: null };
}

/** All numbers of an accessor in order, and those of its sparse places after them. */
export function eachNumber(accessor: Accessor, take: (value: number, element: number) => void): void {
  const { bytes, count, width, stride, componentType, sparse } = accessor;
  if (bytes !== null) {
    const size = SIZES[componentType] ?? 4;
    for (let element = 0; element < count; element += 1) {
      for (let at = 0; at < width; at += 1) take(read(bytes, element * stride + at * size, componentType), element);
    }
  }
  if (sparse !== null) eachNumber(sparse, take);
}

/** Every number can be a coordinate. Whole ones always are. */
export function checkCoordinates(accessor: Accessor): void {
  if (accessor.componentType !== FLOAT) return;
  eachNumber(accessor, (value, element) => {
    // Not so of NaN either.
    if (!(Math.abs(value) <= LIMITS.coordinate)) throw corrupt(accessor.field, `has ${value} in element ${element}`);
  });
}

function read(bytes: DataView, at: number, componentType: number): number {
  switch (componentType) {
    case 5120:
      return bytes.getInt8(at);
    case 5121:
      return bytes.getUint8(at);
    case 5122:
      return bytes.getInt16(at, true);
    case 5123:
      return bytes.getUint16(at, true);
    case 5125:
      return bytes.getUint32(at, true);
    default:
      return bytes.getFloat32(at, true);
  }
}
