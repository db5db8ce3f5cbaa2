import { Box3, Quaternion, Vector3, type Mesh, type Object3D } from 'three';
import { describe, expect, it } from 'vitest';
import { ARKIT, AVATARS, avatar, container, mixamo, OVR, parts } from '../dev/avatars.mjs';
import type { AvatarFigure } from '../src/face/avatar/avatar-figure.js';
import { AvatarError } from '../src/face/avatar/fault.js';
import { loadAvatar } from '../src/face/avatar/load.js';
import { MAPPING } from '../src/face/avatar/mapping.js';
import { knownBone, knownShapes } from '../src/face/avatar/names.js';
import type { FacePose } from '../src/face/figure.js';
import { VISEMES } from '../src/face/weights.js';

function pose(mouth: Partial<Record<(typeof VISEMES)[number], number>>, more: Partial<FacePose> = {}): FacePose {
  const weights = Float32Array.from(VISEMES, (name) => mouth[name] ?? 0);
  return { weights, tone: 'neutral', toneIntensity: 0, blink: 0, gazeTarget: null, headPitch: 0, headYaw: 0, headRoll: 0, breath: 0, gesture: null, ...more };
}

/** What every shape of an avatar stands at, by its name; those at 0 left out. */
function shapes(figure: AvatarFigure): Record<string, number> {
  const found: Record<string, number> = {};
  figure.object.traverse((object) => {
    const { morphTargetDictionary, morphTargetInfluences } = object as Mesh;
    for (const [name, at] of Object.entries(morphTargetDictionary ?? {})) {
      const value = Number((morphTargetInfluences?.[at] ?? 0).toFixed(3));
      if (value !== 0) found[name] = value;
    }
  });
  return found;
}

function named(figure: AvatarFigure, name: string): Object3D {
  const found = figure.object.getObjectByName(name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
}

/** Where something that points ahead at rest points now. */
function ahead(object: Object3D): Vector3 {
  return new Vector3(0, 0, 1).applyQuaternion(object.getWorldQuaternion(new Quaternion()));
}

describe('names', () => {
  it.each([
    ['viseme_PP', 'ovr', 'PP'],
    ['viseme_I', 'ovr', 'ih'],
    ['Viseme_aa', 'ovr', 'aa'],
    ['vrc.v_ou', 'ovr', 'ou'],
    ['jawOpen', 'arkit', 'jawOpen'],
    ['JAW_OPEN', 'arkit', 'jawOpen'],
    ['Wolf3D_Head.blendShape1.mouthSmile_L', 'arkit', 'mouthSmileLeft'],
    ['faceEyeBlinkRight', 'arkit', 'eyeBlinkRight'],
    ['A25_Jaw_Open', 'arkit', 'jawOpen'],
    ['ih', 'vrm', 'ih'],
    ['blinkLeft', 'vrm', 'blinkLeft'],
  ])('%s is %s %s', (name, vocabulary, known) => {
    expect(knownShapes(name)).toEqual([{ vocabulary, name: known }]);
  });

  it('some stand for two, and most for nothing', () => {
    expect(knownShapes('mouthSmile').map(({ name }) => name)).toEqual(['mouthSmileLeft', 'mouthSmileRight']);
    // However long a name is, its end is soon found.
    expect(knownShapes(`${'x_'.repeat(500_000)}jawOpen`)).toEqual([{ vocabulary: 'arkit', name: 'jawOpen' }]);
    for (const name of ['Basis', 'Panda', 'hair_aa', 'Key 12', '', '___', '7']) expect(knownShapes(name)).toEqual([]);
  });

  it.each([
    ['mixamorigHead', 'head'],
    ['CC_Base_Head', 'head'],
    ['J_Bip_C_Head', 'head'],
    ['Head_05', 'head'],
    ['HeadTop_End', undefined],
    ['eyeL', 'leftEye'],
    ['CC_Base_R_Eye', 'rightEye'],
    ['J_Adj_L_FaceEye', 'leftEye'],
    ['LeftArm', 'leftUpperArm'],
    ['mixamorigRightForeArm', 'rightLowerArm'],
    ['upper_armL', 'leftUpperArm'],
    ['LeftHand', undefined],
  ])('the bone %s is %s', (name, known) => {
    expect(knownBone(name)).toBe(known);
  });

  it('every name of every vocabulary is known by itself', () => {
    for (const name of MAPPING.arkit.names) expect(knownShapes(name)).toEqual([{ vocabulary: 'arkit', name }]);
    for (const name of MAPPING.vrm.names) expect(knownShapes(name)).toEqual([{ vocabulary: 'vrm', name }]);
    for (const name of MAPPING.ovr.names) expect(knownShapes(MAPPING.ovr_morph_names[name] ?? '')).toEqual([{ vocabulary: 'ovr', name }]);
  });
});

describe('a GLB with the shapes of Oculus', () => {
  it('speaks, blinks and smiles by them', async () => {
    const figure = await loadAvatar(AVATARS.ovr());
    figure.apply(pose({ A: 0.5, U: 0.25 }), 0.016);
    expect(shapes(figure)).toEqual({ viseme_aa: 0.5, viseme_U: 0.25 });
    figure.apply(pose({ M: 1 }, { blink: 1, tone: 'happy', toneIntensity: 1 }), 0.016);
    const { viseme_PP, viseme_aa, eyesClosed, mouthSmile } = shapes(figure);
    expect([viseme_PP, viseme_aa, eyesClosed]).toEqual([1, undefined, 1]);
    expect(mouthSmile).toBeGreaterThan(0.3);
  });

  it('takes no number for no weight, and too much for all', async () => {
    const figure = await loadAvatar(AVATARS.ovr());
    figure.apply(pose({ A: NaN, E: 7, O: -1 }, { blink: NaN, headPitch: NaN, headYaw: Infinity }), NaN);
    expect(shapes(figure)).toEqual({ viseme_E: 1 });
    figure.object.updateMatrixWorld(true);
    expect(ahead(figure.head).toArray().every(Number.isFinite)).toBe(true);
  });

  it('turns head, neck and eyes in the figure’s axes, and lets its arms hang', async () => {
    const figure = await loadAvatar(AVATARS.ovr());
    figure.apply(pose({}, { headYaw: 0.5 }), 0.016);
    figure.object.updateMatrixWorld(true);
    // To her left is +x.
    expect(ahead(figure.head).x).toBeCloseTo(Math.sin(0.5), 3);
    figure.apply(pose({}, { headPitch: 0.3 }), 0.016);
    figure.object.updateMatrixWorld(true);
    expect(ahead(figure.head).y).toBeCloseTo(-Math.sin(0.3), 3);

    const eyes = figure.head.getWorldPosition(new Vector3());
    figure.apply(pose({}, { gazeTarget: eyes.clone().add(new Vector3(0.2, 0, 1)) }), 0.016);
    figure.object.updateMatrixWorld(true);
    const look = ahead(named(figure, 'LeftEye'));
    expect(look.x / look.z).toBeGreaterThan(0.1);
    figure.apply(pose({}, { gazeTarget: null }), 0.016);
    figure.object.updateMatrixWorld(true);
    expect(ahead(named(figure, 'LeftEye')).x).toBeCloseTo(0, 2);

    const arm = named(figure, 'LeftForeArm').getWorldPosition(new Vector3()).sub(named(figure, 'LeftArm').getWorldPosition(new Vector3()));
    expect(arm.normalize().y).toBeLessThan(-0.9);
  });

  it('stands with the base of its neck at the origin, in metres', async () => {
    for (const scale of [1, 100, 0.37]) {
      const figure = await loadAvatar(avatar({ targets: OVR, names: mixamo, scale }));
      figure.object.updateMatrixWorld(true);
      expect(named(figure, 'Neck').getWorldPosition(new Vector3()).length()).toBeLessThan(1e-6);
      const eyes = figure.head.getWorldPosition(new Vector3());
      if (scale !== 0.37) expect(eyes.y).toBeCloseTo(0.17, 2);
      const size = new Box3().setFromObject(figure.object, true).getSize(new Vector3());
      expect(size.x).toBeLessThan(2);
      expect(ahead(figure.head).z).toBeCloseTo(1, 5);
    }
  });

  it('without bones is a head by itself', async () => {
    const figure = await loadAvatar(avatar({ targets: OVR, bones: false, scale: 40 }));
    figure.object.updateMatrixWorld(true);
    const bounds = new Box3().setFromObject(figure.object, true);
    expect(bounds.min.y).toBeCloseTo(0, 3);
    expect(bounds.max.y).toBeCloseTo(0.3, 1);
    expect(figure.head.getWorldPosition(new Vector3()).y).toBeGreaterThan(0.1);
  });
});

describe('a GLB with the shapes of ARKit', () => {
  it('speaks by the table, on all its meshes', async () => {
    const figure = await loadAvatar(AVATARS.arkit());
    figure.apply(pose({ U: 1 }), 0.016);
    const expected = Object.fromEntries(Object.entries(MAPPING.arkit.visemes['U'] ?? {}).map(([name, weight]) => [`Head_blendShape.${name}`, weight]));
    expect(shapes(figure)).toEqual(expected);
  });

  it('raises its brows for a gesture, and lets go of it', async () => {
    const figure = await loadAvatar(AVATARS.arkit());
    for (let n = 0; n < 30; n += 1) figure.apply(pose({}, { gesture: 'brow_raise' }), 0.016);
    expect(shapes(figure)['Head_blendShape.browInnerUp']).toBe(MAPPING.arkit.gestures['brow_raise']?.['browInnerUp']);
    for (let n = 0; n < 30; n += 1) figure.apply(pose({}), 0.016);
    expect(shapes(figure)).toEqual({});
  });

  it('turns eyes that are no bones by shapes', async () => {
    const figure = await loadAvatar(avatar({ targets: ARKIT, bones: false }));
    const eyes = figure.head.getWorldPosition(new Vector3());
    figure.apply(pose({}, { gazeTarget: eyes.add(new Vector3(0.3, 0, 1)) }), 0.016);
    const { eyeLookOutLeft, eyeLookInRight, eyeLookInLeft } = shapes(figure);
    expect(eyeLookOutLeft).toBeCloseTo(Math.atan(0.3) / MAPPING.looking_full_rad, 1);
    expect([eyeLookInRight, eyeLookInLeft]).toEqual([eyeLookOutLeft, undefined]);
  });
});

describe.each(['vrm1', 'vrm0'] as const)('%s', (kind) => {
  it('speaks, blinks and feels by its expressions', async () => {
    const figure = await loadAvatar(AVATARS[kind]());
    figure.apply(pose({ A: 1 }), 0.016);
    expect(shapes(figure)).toEqual({ A: 1 });
    figure.apply(pose({ O: 0.5 }, { blink: 0.75, tone: 'concerned', toneIntensity: 1 }), 0.016);
    const { O, Blink, Sorrow, A } = shapes(figure);
    expect([O, Blink, A]).toEqual([0.5, 0.75, undefined]);
    expect(Sorrow).toBe(MAPPING.vrm.tones.concerned['sad']);
  });

  it('looks along +z, turns to her left for her left, and looks at what it is told to', async () => {
    const figure = await loadAvatar(AVATARS[kind]());
    figure.apply(pose({}), 0.016);
    figure.object.updateMatrixWorld(true);
    expect(ahead(figure.head).z).toBeCloseTo(1, 3);
    const left = named(figure, 'leftEye').getWorldPosition(new Vector3());
    expect(left.x).toBeGreaterThan(0.02);
    expect(left.z).toBeGreaterThan(0.05);
    figure.apply(pose({}, { headYaw: 0.4, headPitch: 0.2 }), 0.016);
    figure.object.updateMatrixWorld(true);
    const look = ahead(figure.head);
    expect(look.x).toBeGreaterThan(0.3);
    expect(look.y).toBeLessThan(-0.15);

    const rest = named(figure, 'rightEye').quaternion.clone();
    figure.apply(pose({}, { gazeTarget: new Vector3(0.5, 0.2, 1) }), 0.016);
    expect(named(figure, 'rightEye').quaternion.angleTo(rest)).toBeGreaterThan(0.02);
  });

  it('lets its arms hang', async () => {
    const figure = await loadAvatar(AVATARS[kind]());
    figure.apply(pose({}), 0.016);
    figure.object.updateMatrixWorld(true);
    for (const side of ['left', 'right']) {
      const arm = named(figure, `${side}LowerArm`).getWorldPosition(new Vector3()).sub(named(figure, `${side}UpperArm`).getWorldPosition(new Vector3()));
      expect(arm.normalize().y).toBeLessThan(-0.9);
    }
  });
});

describe('avatars without shapes', () => {
  it('speak by a jaw bone', async () => {
    const figure = await loadAvatar(AVATARS.jaw());
    expect(figure.mouthBy).toBe('jaw');
    const jaw = named(figure, 'Jaw');
    figure.apply(pose({ sil: 1 }), 0.016);
    const closed = jaw.quaternion.clone();
    figure.apply(pose({ A: 1 }), 0.016);
    expect(jaw.quaternion.angleTo(closed)).toBeGreaterThan(0.2);
    figure.object.updateMatrixWorld(true);
    // The chin goes down.
    expect(ahead(jaw).y).toBeLessThan(-0.2);
    figure.apply(pose({ M: 1 }), 0.016);
    expect(jaw.quaternion.angleTo(closed)).toBeCloseTo(0, 5);
  });

  it('and without that are refused in words', async () => {
    const refused = loadAvatar(AVATARS.mute());
    await expect(refused).rejects.toThrow(AvatarError);
    await expect(refused).rejects.toThrow('no expressions, shapes or jaw bone');
  });
});

it('a VRM whose expressions move nothing is refused in words, too', async () => {
  const { json, bin } = parts({ targets: ['A'], vrm: '1' });
  json.extensions.VRMC_vrm.expressions.preset = { aa: {}, ih: {}, ou: {}, ee: {}, oh: {} };
  json.meshes[0].extras.targetNames = ['something'];
  await expect(loadAvatar(container(json, bin))).rejects.toThrow('no expressions, shapes or jaw bone');
});

describe('what passes the checks and is no figure all the same', () => {
  it('ends as an AvatarError, too', async () => {
    const { json, bin } = parts({ targets: OVR, vrm: '1' });
    json.extensions.VRMC_vrm.humanoid.humanBones = { hips: { node: 0 } };
    await expect(loadAvatar(container(json, bin))).rejects.toThrow(AvatarError);
  });

  it('a material that names no texture', async () => {
    const { json, bin } = parts({ targets: OVR });
    json.materials[0].pbrMetallicRoughness.baseColorTexture = { index: 99 };
    await expect(loadAvatar(container(json, bin))).rejects.toThrow(AvatarError);
  });

  it('one of which nothing can be seen', async () => {
    const { json, bin } = parts({ targets: OVR });
    for (const node of json.nodes) node.scale = [0, 0, 0];
    await expect(loadAvatar(container(json, bin))).rejects.toThrow('nothing of it can be seen');
  });

  it('lights and cameras do not come in', async () => {
    const { json, bin } = parts({ targets: OVR });
    json.extensionsUsed = ['KHR_lights_punctual'];
    json.extensions = { KHR_lights_punctual: { lights: [{ type: 'point', intensity: 1e9 }] } };
    json.cameras = [{ type: 'perspective', perspective: { yfov: 1, znear: 0.1 } }];
    json.nodes[0].extensions = { KHR_lights_punctual: { light: 0 } };
    json.nodes[1].camera = 0;
    const figure = await loadAvatar(container(json, bin));
    const kinds: string[] = [];
    figure.object.traverse(({ type }) => kinds.push(type));
    expect(kinds.filter((type) => /Light|Camera/.test(type))).toEqual([]);
  });

  it('disposing lets go of geometries and materials', async () => {
    const figure = await loadAvatar(AVATARS.ovr());
    const gone: string[] = [];
    figure.object.traverse((object) => {
      const { geometry, material } = object as Mesh;
      geometry?.addEventListener('dispose', () => gone.push('geometry'));
      if (material !== undefined && !Array.isArray(material)) material.addEventListener('dispose', () => gone.push('material'));
    });
    figure.dispose();
    expect(gone.sort()).toEqual(['geometry', 'material']);
  });
});
