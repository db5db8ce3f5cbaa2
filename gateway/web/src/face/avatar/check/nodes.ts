/** The tree of an avatar: that it is one, not too deep, and how many triangles it draws. Pure. */
import { AvatarError } from '../fault.js';
import { LIMITS } from '../limits.js';
import type { Accessor } from './buffers.js';
import { corrupt, isFields, list, numbers, objects, place, text, type Fields } from './json.js';
import { tooMany, type MeshFacts } from './meshes.js';

export interface NodeFacts {
  readonly name: string;
  readonly children: readonly number[];
}

export interface TreeFacts {
  readonly nodes: readonly NodeFacts[];
  readonly triangles: number;
}

export function checkNodes(json: Fields, meshes: readonly MeshFacts[], accessors: readonly Accessor[]): TreeFacts {
  const given = objects(json['nodes'], 'nodes', LIMITS.nodes);
  const skins = checkSkins(json, given.length, accessors);
  const drawn = { triangles: 0, parts: 0, vertices: 0 };
  const nodes = given.map((node, at) => {
    const field = `nodes[${at}]`;
    // The loader looks at the node alone, whatever the file says that it uses.
    if (isFields(node['extensions']) && node['extensions']['EXT_mesh_gpu_instancing'] !== undefined) throw new AvatarError('unsupported', `${field} needs instanced meshes (EXT_mesh_gpu_instancing)`);
    numbers(node['translation'], `${field}.translation`, 3);
    numbers(node['rotation'], `${field}.rotation`, 4);
    numbers(node['scale'], `${field}.scale`, 3);
    numbers(node['matrix'], `${field}.matrix`, 16);
    if (node['skin'] !== undefined) place(node['skin'], `${field}.skin`, skins);
    if (node['mesh'] !== undefined) {
      const mesh = meshes[place(node['mesh'], `${field}.mesh`, meshes.length)] as MeshFacts;
      drawn.triangles += mesh.triangles;
      drawn.parts += mesh.parts;
      drawn.vertices += mesh.vertices;
    }
    const children = list(node['children'], `${field}.children`, LIMITS.nodes).map((child) => place(child, `${field}.children`, given.length));
    return { name: text(node['name']), children };
  });
  tooMany('triangles', drawn.triangles, LIMITS.triangles);
  tooMany('parts to draw', drawn.parts, LIMITS.draws);
  tooMany('vertices in the parts to draw', drawn.vertices, LIMITS.drawnVertices);
  checkTree(json, nodes);
  return { nodes, triangles: drawn.triangles };
}

/** From every root downwards, without recursion: no node is met twice, and none lies too deep. */
function checkTree(json: Fields, nodes: readonly NodeFacts[]): void {
  const parents = new Array<number>(nodes.length).fill(-1);
  nodes.forEach(({ children }, parent) => {
    for (const child of children) {
      if (parents[child] !== -1) throw corrupt(`nodes[${child}]`, `lies below nodes[${parents[child]}] and below nodes[${parent}]`);
      parents[child] = parent;
    }
  });
  // With one parent at most each, what does not lead up to a root goes in a circle.
  const depths = new Array<number>(nodes.length).fill(0);
  const open = parents.flatMap((parent, node) => (parent === -1 ? [node] : []));
  let met = 0;
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    met += 1;
    const depth = (depths[node] ?? 0) + 1;
    if (depth > LIMITS.depth) throw new AvatarError('too_large', `nodes[${node}] lies ${depth} deep, and ${LIMITS.depth} are taken`);
    for (const child of nodes[node]?.children ?? []) {
      depths[child] = depth;
      open.push(child);
    }
  }
  if (met < nodes.length) throw corrupt('nodes', 'go in a circle');

  const scenes = objects(json['scenes'], 'scenes', LIMITS.parts);
  if (scenes.length === 0) throw corrupt('scenes', 'is empty');
  if (json['scene'] !== undefined) place(json['scene'], 'scene', scenes.length);
  scenes.forEach((scene, at) => {
    for (const node of list(scene['nodes'], `scenes[${at}].nodes`, LIMITS.nodes)) {
      const root = place(node, `scenes[${at}].nodes`, nodes.length);
      if (parents[root] !== -1) throw corrupt(`scenes[${at}].nodes`, `has ${root}, which lies below nodes[${parents[root]}]`);
    }
  });
}

function checkSkins(json: Fields, nodes: number, accessors: readonly Accessor[]): number {
  const skins = objects(json['skins'], 'skins', LIMITS.parts);
  let all = 0;
  skins.forEach((skin, at) => {
    const joints = list(skin['joints'], `skins[${at}].joints`, LIMITS.joints);
    all += joints.length;
    tooMany('joints in all skins', all, LIMITS.allJoints);
    joints.forEach((joint) => place(joint, `skins[${at}].joints`, nodes));
    if (joints.length === 0) throw corrupt(`skins[${at}].joints`, 'is empty');
    if (skin['inverseBindMatrices'] === undefined) return;
    const field = `skins[${at}].inverseBindMatrices`;
    const matrices = accessors[place(skin['inverseBindMatrices'], field, accessors.length)];
    if (matrices === undefined || matrices.width !== 16 || matrices.count < joints.length) throw corrupt(field, `are not ${joints.length} matrices`);
  });
  return skins.length;
}
