/**
 * From a file to a figure. A chunk of its own: whoever has no avatar loads neither three-vrm nor the
 * glTF loader.
 */
import { LoadingManager, Object3D, TextureLoader, type Camera, type FileLoader, type Light } from 'three';
import { GLTFLoader, type GLTF, type GLTFParser } from 'three/examples/jsm/loaders/GLTFLoader.js';
import { VRMLoaderPlugin, VRMUtils, type VRM } from '@pixiv/three-vrm';
import { AvatarFigure, bonesOf } from './avatar-figure.js';
import { checkAvatar, type CheckedAvatar } from './check.js';
import { AvatarError } from './fault.js';
import { MAPPING } from './mapping.js';
import { Morphs } from './morphs.js';
import { Face, type Find, type Shape } from './shapes.js';

/** Addresses of buffers within the loader: they lead nowhere, and nothing asks for them. */
const WITHIN = 'blob:janet-buffer-';
const VRM_MOUTH = ['aa', 'ih', 'ou', 'ee', 'oh'];

/** Throws `AvatarError`. */
export async function loadAvatar(file: ArrayBuffer): Promise<AvatarFigure> {
  const checked = checkAvatar(file);
  const { scene, vrm } = await parse(checked);
  const dispose = (): void => VRMUtils.deepDispose(scene);
  try {
    return figureOf(scene, vrm, dispose);
  } catch (error) {
    dispose();
    throw error instanceof AvatarError ? error : failed(error);
  }
}

function figureOf(scene: Object3D, vrm: VRM | null, dispose: () => void): AvatarFigure {
  removeLights(scene);
  if (vrm !== null) {
    VRMUtils.rotateVRM0(vrm);
    // Its exporters give every part of a mesh the vertices, and all shapes, of all parts.
    VRMUtils.removeUnnecessaryVertices(scene);
  }
  scene.traverse((object) => {
    // A figure whose bones and shapes move is not where its file says that it is.
    object.frustumCulled = false;
  });
  scene.updateMatrixWorld(true);
  const bones = bonesOf(scene, vrm);
  const eyeBones = bones.has('leftEye') || bones.has('rightEye');
  const morphs = new Morphs(scene);
  const face = (vrm === null ? null : expressionsOf(vrm)) ?? morphs.face(!eyeBones);
  if (face !== null) return new AvatarFigure({ scene, vrm, bones, face, dispose });
  if (!bones.has('jaw')) throw new AvatarError('no_mouth', 'it has no expressions, shapes or jaw bone whose names are known');
  return new AvatarFigure({ scene, vrm, bones, face: morphs.faceWithoutMouth(!eyeBones), dispose });
}

/** VRM's own expressions; null where it has none for a mouth. */
function expressionsOf(vrm: VRM): Face | null {
  const manager = vrm.expressionManager;
  // Exporters write all of them, also those that move nothing.
  const moves = (name: string): boolean => (manager?.getExpression(name)?.binds.length ?? 0) > 0;
  if (!manager || !VRM_MOUTH.some(moves)) return null;
  const shapes = new Map<string, readonly Shape[]>();
  const find: Find = (name) => {
    let found = shapes.get(name);
    if (found === undefined) {
      found = moves(name) ? [(value) => manager.setValue(name, value)] : [];
      shapes.set(name, found);
    }
    return found;
  };
  // Where VRM turns the eyes itself, its own expressions for that are part of it.
  return new Face({ mouth: [find, MAPPING.vrm.visemes], rest: [find, MAPPING.vrm], eyes: !vrm.lookAt });
}

async function parse({ json, buffers }: CheckedAvatar): Promise<{ scene: Object3D; vrm: VRM | null }> {
  const loader = new GLTFLoader(new LoadingManager());
  loader.register((parser) => {
    keepWithin(parser, buffers);
    return { name: 'janet_within' };
  });
  loader.register((parser) => new VRMLoaderPlugin(parser));
  try {
    // The very JSON that was checked, less what no figure needs.
    const { animations: _, cameras: __, ...rest } = json;
    const given = { ...rest, nodes: withoutCameras(json['nodes']), buffers: buffers.map(({ byteLength }, at) => ({ byteLength, uri: `${WITHIN}${at}` })) };
    const gltf = await new Promise<GLTF>((resolve, reject) => loader.parse(given as unknown as ArrayBuffer, '', resolve, reject));
    const vrm = gltf.userData['vrm'] as VRM | undefined;
    return { scene: vrm?.scene ?? gltf.scene, vrm: vrm ?? null };
  } catch (error) {
    throw failed(error);
  }
}

/**
 * Buffers are handed over instead of fetched, and pictures go through an image element: the page's policy
 * lets no code of it fetch anything but from its server, and this has no need to.
 */
function keepWithin(parser: GLTFParser, buffers: ReadonlyArray<Uint8Array<ArrayBuffer>>): void {
  const within = {
    load(url: string, onLoad: (data: ArrayBuffer) => void, _onProgress: unknown, onError?: (error: unknown) => void): void {
      const buffer = url.startsWith(WITHIN) ? buffers[Number(url.slice(WITHIN.length))] : undefined;
      if (buffer === undefined) onError?.(new Error('it refers to another file'));
      else onLoad(buffer.slice().buffer);
    },
  };
  parser.fileLoader = within as unknown as FileLoader;
  parser.textureLoader = new TextureLoader(parser.options.manager);
}

function withoutCameras(nodes: unknown): unknown {
  if (!Array.isArray(nodes)) return nodes;
  return nodes.map(({ camera: _, ...node }: Record<string, unknown>) => node);
}

/** The stage has lights and a camera of its own. What hangs on those of the file stays where it is. */
function removeLights(scene: Object3D): void {
  const removed: Object3D[] = [];
  scene.traverse((object) => {
    if ((object as Partial<Light>).isLight === true || (object as Partial<Camera>).isCamera === true) removed.push(object);
  });
  for (const object of removed) {
    const plain = new Object3D().copy(object, false);
    plain.add(...object.children.slice());
    object.parent?.add(plain);
    object.removeFromParent();
  }
}

function failed(error: unknown): AvatarError {
  return new AvatarError('failed', error instanceof Error ? error.message.replace(/^THREE\.\w+: /, '').slice(0, 200) : 'it was not read');
}
