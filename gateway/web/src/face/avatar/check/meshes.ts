/** The meshes of an avatar: that their parts belong together, and how much they are to draw. Pure. */
import { AvatarError } from '../fault.js';
import { LIMITS } from '../limits.js';
import { checkCoordinates, eachNumber, type Accessor } from './buffers.js';
import { corrupt, fields, isFields, list, objects, place, text, whole, type Fields } from './json.js';

export interface MeshFacts {
  readonly triangles: number;
  readonly parts: number;
  /** Of all parts, also where they share them. */
  readonly vertices: number;
  /** Names of its morph targets, as far as it names them. */
  readonly targets: readonly string[];
}

/** What the parts cost together. */
interface Drawn {
  /** Each part has a texture of its own for its targets, also where they share accessors. */
  morphTexels: number;
  /** The largest index of those that were looked through. */
  readonly largest: Map<Accessor, readonly [index: number, at: number]>;
}

const POINTS_AND_LINES = 3;
const TRIANGLES = 4;
const UNSIGNED = [5121, 5123, 5125];

export function checkMeshes(json: Fields, accessors: readonly Accessor[]): MeshFacts[] {
  const positions = new Set<Accessor>();
  const morphs = new Set<Accessor>();
  const drawn: Drawn = { morphTexels: 0, largest: new Map() };
  const meshes = objects(json['meshes'], 'meshes', LIMITS.parts).map((mesh, at) => meshOf(mesh, `meshes[${at}]`, accessors, positions, morphs, drawn));
  // Exporters share one accessor between the parts of a mesh: what lies there once counts once.
  tooMany('vertices', sum(positions), LIMITS.vertices);
  tooMany('vertices in morph targets', sum(morphs), LIMITS.morphVertices);
  positions.forEach(checkCoordinates);
  morphs.forEach(checkCoordinates);
  return meshes;
}

function meshOf(mesh: Fields, field: string, accessors: readonly Accessor[], positions: Set<Accessor>, morphs: Set<Accessor>, drawn: Drawn): MeshFacts {
  const primitives = objects(mesh['primitives'], `${field}.primitives`, LIMITS.parts);
  if (primitives.length === 0) throw corrupt(`${field}.primitives`, 'is empty');
  let triangles = 0;
  let vertices = 0;
  let targets: number | null = null;
  primitives.forEach((primitive, at) => {
    const name = `${field}.primitives[${at}]`;
    const facts = primitiveOf(primitive, name, accessors, positions, morphs, drawn);
    // The loader gives all parts of a mesh the same names and weights.
    if (targets !== null && targets !== facts.targets) throw corrupt(`${name}.targets`, `has ${facts.targets} entries, and the part before it ${targets}`);
    targets = facts.targets;
    triangles += facts.triangles;
    vertices += facts.vertices;
  });
  const extras = isFields(mesh['extras']) ? mesh['extras'] : {};
  const named = list(extras['targetNames'], `${field}.extras.targetNames`, LIMITS.targets).map(text);
  return { triangles, parts: primitives.length, vertices, targets: named };
}

function primitiveOf(primitive: Fields, field: string, accessors: readonly Accessor[], positions: Set<Accessor>, morphs: Set<Accessor>, drawn: Drawn): { triangles: number; vertices: number; targets: number } {
  const at = (value: unknown, name: string): Accessor => accessors[place(value, name, accessors.length)] as Accessor;
  const attributes = fields(primitive['attributes'], `${field}.attributes`);
  const position = at(attributes['POSITION'], `${field}.attributes.POSITION`);
  if (position.width !== 3) throw corrupt(`${field}.attributes.POSITION`, 'is not made of three numbers each');
  positions.add(position);
  for (const [name, value] of Object.entries(attributes)) sameCount(at(value, `${field}.attributes.${name}`), position, `${field}.attributes.${name}`);

  const targets = objects(primitive['targets'], `${field}.targets`, LIMITS.targets);
  targets.forEach((target, number) => {
    for (const [name, value] of Object.entries(target)) {
      const one = at(value, `${field}.targets[${number}].${name}`);
      sameCount(one, position, `${field}.targets[${number}].${name}`);
      if (name === 'POSITION') morphs.add(one);
    }
  });

  drawn.morphTexels += targets.length * position.count;
  tooMany('vertices in the morph targets of all parts', drawn.morphTexels, LIMITS.morphTexels);

  const mode = whole(primitive['mode'], `${field}.mode`, TRIANGLES);
  const indices = primitive['indices'] === undefined ? null : at(primitive['indices'], `${field}.indices`);
  if (indices !== null) checkIndices(indices, position.count, `${field}.indices`, drawn);
  const corners = indices?.count ?? position.count;
  const triangles = mode <= POINTS_AND_LINES ? 0 : mode === TRIANGLES ? Math.floor(corners / 3) : Math.max(0, corners - 2);
  return { triangles, vertices: position.count, targets: targets.length };
}

function checkIndices(indices: Accessor, vertices: number, field: string, drawn: Drawn): void {
  if (indices.width !== 1 || !UNSIGNED.includes(indices.componentType)) throw corrupt(field, 'are not whole numbers');
  tooMany('indices in one part', indices.count, LIMITS.triangles * 3);
  let largest = drawn.largest.get(indices);
  if (largest === undefined) {
    let [index, place] = [-1, 0];
    eachNumber(indices, (one, at) => {
      if (one > index) [index, place] = [one, at];
    });
    largest = [index, place];
    drawn.largest.set(indices, largest);
  }
  if (largest[0] >= vertices) throw corrupt(field, `has ${largest[0]} at ${largest[1]}, and there are ${vertices} vertices`);
}

function sameCount(one: Accessor, position: Accessor, field: string): void {
  if (one.count !== position.count) throw corrupt(field, `has ${one.count} elements, and there are ${position.count} vertices`);
}

function sum(accessors: Set<Accessor>): number {
  let all = 0;
  for (const { count } of accessors) all += count;
  return all;
}

export function tooMany(what: string, count: number, most: number): void {
  if (count > most) throw new AvatarError('too_large', `it has ${count} ${what}, and ${most} are taken`);
}
