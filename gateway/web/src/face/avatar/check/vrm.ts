/**
 * What a VRM moves by itself, every frame: springs and expressions. A few kilobytes of JSON can ask for more of it
 * than a machine can do. Pure.
 */
import { LIMITS } from '../limits.js';
import { fields, isFields, list, objects, type Fields } from './json.js';
import { tooMany } from './meshes.js';
import type { NodeFacts } from './nodes.js';

/**
 * Both versions are looked at, whichever of them the loader takes. Places that lead nowhere are the loader's own
 * business; some exporters write null for nothing.
 */
export function checkVrm(json: Fields, nodes: readonly NodeFacts[]): void {
  const extensions = fields(json['extensions'], 'extensions');
  checkSprings(part(extensions, 'VRMC_springBone'), 'VRMC_springBone');
  checkExpressions(part(part(extensions, 'VRMC_vrm'), 'expressions'), 'VRMC_vrm.expressions');
  const vrm0 = part(extensions, 'VRM');
  checkSprings0(part(vrm0, 'secondaryAnimation'), 'VRM.secondaryAnimation', nodes);
  const groups = objects(part(vrm0, 'blendShapeMaster')['blendShapeGroups'] ?? undefined, 'VRM.blendShapeMaster.blendShapeGroups', LIMITS.expressions);
  countBinds(groups, 'VRM.blendShapeMaster.blendShapeGroups', ['binds', 'materialValues']);
}

function part(of: Fields, name: string): Fields {
  return fields(of[name] ?? undefined, name);
}

/** VRM 1.0. */
function checkSprings(springs: Fields, field: string): void {
  objects(springs['colliders'] ?? undefined, `${field}.colliders`, LIMITS.springColliders);
  const balls = ballsIn(springs, field);
  const work = new Work();
  objects(springs['springs'] ?? undefined, `${field}.springs`, LIMITS.springs).forEach((spring, at) => {
    const name = `${field}.springs[${at}]`;
    const joints = list(spring['joints'] ?? undefined, `${name}.joints`, LIMITS.springJoints).length;
    work.add(joints, sum(list(spring['colliderGroups'] ?? undefined, `${name}.colliderGroups`, LIMITS.springs), balls));
  });
}

/** VRM 0.x, where a bone stands for all below it. */
function checkSprings0(springs: Fields, field: string, nodes: readonly NodeFacts[]): void {
  const balls = ballsIn(springs, field);
  const below = sizes(nodes);
  const work = new Work();
  objects(springs['boneGroups'] ?? undefined, `${field}.boneGroups`, LIMITS.springs).forEach((group, at) => {
    const name = `${field}.boneGroups[${at}]`;
    const joints = sum(list(group['bones'] ?? undefined, `${name}.bones`, LIMITS.springJoints), below);
    work.add(joints, sum(list(group['colliderGroups'] ?? undefined, `${name}.colliderGroups`, LIMITS.springs), balls));
  });
}

/** How many lie in each group. */
function ballsIn(springs: Fields, field: string): readonly number[] {
  const groups = objects(springs['colliderGroups'] ?? undefined, `${field}.colliderGroups`, LIMITS.springs);
  return groups.map((group, at) => list(group['colliders'] ?? undefined, `${field}.colliderGroups[${at}].colliders`, LIMITS.springColliders).length);
}

/** Of the counts at these places. */
function sum(places: readonly unknown[], counts: readonly number[]): number {
  return places.reduce<number>((all, at) => all + (typeof at === 'number' ? (counts[at] ?? 0) : 0), 0);
}

class Work {
  private joints = 0;
  private checks = 0;

  add(joints: number, balls: number): void {
    this.joints += joints;
    this.checks += joints * balls;
    tooMany('joints in springs', this.joints, LIMITS.springJoints);
    tooMany('things that springs keep out of', this.checks, LIMITS.springChecks);
  }
}

/** How many nodes lie at and below each. The tree is one, and not deep: nodes.ts has looked. */
function sizes(nodes: readonly NodeFacts[]): readonly number[] {
  const known: number[] = [];
  const size = (at: number): number => (known[at] ??= (nodes[at]?.children ?? []).reduce((all, child) => all + size(child), 1));
  nodes.forEach((_, at) => size(at));
  return known;
}

const BINDS = ['morphTargetBinds', 'materialColorBinds', 'textureTransformBinds'];

function checkExpressions(expressions: Fields, field: string): void {
  const all = ['preset', 'custom'].flatMap((name) => Object.values(part(expressions, name)));
  countBinds(all, field, BINDS);
}

function countBinds(expressions: readonly unknown[], field: string, names: readonly string[]): void {
  tooMany('expressions', expressions.length, LIMITS.expressions);
  let binds = 0;
  for (const one of expressions) {
    if (!isFields(one)) continue;
    for (const name of names) binds += list(one[name] ?? undefined, `${field}.${name}`, LIMITS.expressionBinds).length;
  }
  tooMany('shapes in expressions', binds, LIMITS.expressionBinds);
}
