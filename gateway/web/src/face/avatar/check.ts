/**
 * Looks at a whole avatar before three.js or three-vrm do: sizes, places, numbers, and that nothing in it
 * refers to elsewhere. What passes may still be no figure; it is then harmless. Pure.
 */
import { checkBuffers } from './check/buffers.js';
import { checkExtensions, type Kind } from './check/extensions.js';
import { checkImages } from './check/images.js';
import { checkMeshes } from './check/meshes.js';
import { checkNodes } from './check/nodes.js';
import { checkVrm } from './check/vrm.js';
import { readGlb } from './glb.js';

export interface CheckedAvatar {
  readonly kind: Kind;
  readonly json: Record<string, unknown>;
  /** By their place in `buffers`. */
  readonly buffers: ReadonlyArray<Uint8Array<ArrayBuffer>>;
  readonly triangles: number;
  readonly imagePixels: number;
  /** Names of all morph targets. */
  readonly targets: readonly string[];
}

/** Throws `AvatarError`, which names the field. */
export function checkAvatar(file: ArrayBuffer): CheckedAvatar {
  const glb = readGlb(file);
  const { json } = glb;
  const kind = checkExtensions(json);
  const { buffers, views, accessors } = checkBuffers(glb);
  const meshes = checkMeshes(json, accessors);
  const { nodes, triangles } = checkNodes(json, meshes, accessors);
  checkVrm(json, nodes);
  const imagePixels = checkImages(json, views);
  return { kind, json, buffers, triangles, imagePixels, targets: meshes.flatMap(({ targets }) => targets) };
}
