/**
 * Avatars made by code, for tests: a head on a body of bones, with whatever names for its shapes. No
 * avatar of anybody's has to lie in the tree for them.
 */

const FLOAT = 5126;
const UINT16 = 5123;
const UINT8 = 5121;
const RINGS = 12;
const SECTORS = 16;
/** Where the middle of the head is, and how large it is, in metres. */
const HEAD_Y = 1.6;
const RADIUS = 0.11;

export const OVR = ['sil', 'PP', 'FF', 'TH', 'DD', 'kk', 'CH', 'SS', 'nn', 'RR', 'aa', 'E', 'I', 'O', 'U'].map((name) => `viseme_${name}`);
export const ARKIT = [
  'eyeBlinkLeft', 'eyeBlinkRight', 'eyeLookUpLeft', 'eyeLookUpRight', 'eyeLookDownLeft', 'eyeLookDownRight', 'eyeLookInLeft', 'eyeLookInRight',
  'eyeLookOutLeft', 'eyeLookOutRight', 'eyeSquintLeft', 'eyeSquintRight', 'jawOpen', 'mouthClose', 'mouthFunnel', 'mouthPucker', 'mouthSmileLeft',
  'mouthSmileRight', 'mouthFrownLeft', 'mouthFrownRight', 'mouthStretchLeft', 'mouthStretchRight', 'mouthRollLower', 'mouthRollUpper',
  'mouthShrugLower', 'mouthPressLeft', 'mouthPressRight', 'mouthLowerDownLeft', 'mouthLowerDownRight', 'mouthUpperUpLeft', 'mouthUpperUpRight',
  'browInnerUp', 'browDownLeft', 'browDownRight', 'browOuterUpLeft', 'browOuterUpRight', 'cheekSquintLeft', 'cheekSquintRight', 'tongueOut',
];
const VRM_SHAPES = ['A', 'I', 'U', 'E', 'O', 'Blink', 'Blink_L', 'Blink_R', 'Joy', 'Sorrow', 'Fun', 'Angry'];

/** The bones that VRM asks for, with their parents and where they are; her left is +x, and she looks along +z. */
const BONES = [
  ['hips', null, [0, 0.95, 0]],
  ['spine', 'hips', [0, 1.1, 0]],
  ['chest', 'spine', [0, 1.25, 0]],
  ['neck', 'chest', [0, 1.45, 0]],
  ['head', 'neck', [0, 1.52, 0]],
  ['leftEye', 'head', [0.035, 1.62, 0.09]],
  ['rightEye', 'head', [-0.035, 1.62, 0.09]],
  ['jaw', 'head', [0, 1.56, 0.02]],
  ...['left', 'right'].flatMap((side) => {
    const x = side === 'left' ? 1 : -1;
    return [
      [`${side}UpperLeg`, 'hips', [0.09 * x, 0.9, 0]],
      [`${side}LowerLeg`, `${side}UpperLeg`, [0.09 * x, 0.48, 0]],
      [`${side}Foot`, `${side}LowerLeg`, [0.09 * x, 0.08, 0]],
      [`${side}UpperArm`, 'chest', [0.16 * x, 1.42, 0]],
      [`${side}LowerArm`, `${side}UpperArm`, [0.42 * x, 1.42, 0]],
      [`${side}Hand`, `${side}LowerArm`, [0.66 * x, 1.42, 0]],
    ];
  }),
];

/** Puts a JSON and a binary chunk into a container. */
export function container(json, bin) {
  const text = typeof json === 'string' ? json : JSON.stringify(json);
  const chunks = [
    [0x4e4f534a, pad(new TextEncoder().encode(text), 0x20)],
    [0x004e4942, pad(bin, 0)],
  ].filter(([, bytes]) => bytes.byteLength > 0);
  const length = 12 + chunks.reduce((sum, [, bytes]) => sum + 8 + bytes.byteLength, 0);
  const file = new ArrayBuffer(length);
  const view = new DataView(file);
  view.setUint32(0, 0x46546c67, true);
  view.setUint32(4, 2, true);
  view.setUint32(8, length, true);
  let at = 12;
  for (const [kind, bytes] of chunks) {
    view.setUint32(at, bytes.byteLength, true);
    view.setUint32(at + 4, kind, true);
    new Uint8Array(file, at + 8).set(bytes);
    at += 8 + bytes.byteLength;
  }
  return file;
}

/**
 * The parts of an avatar, to be changed and put together by `container`. `targets`: names of its shapes,
 * the first half on one mesh and the rest on a second with `split`. `vrm`: '0', '1' or null. `jaw`: whether
 * a bone moves the chin. `names`: what its bones are called, by VRM's names.
 */
export function parts({ targets = [], split = false, vrm = null, jaw = false, bones = true, names = (bone) => bone, scale = 1 } = {}) {
  const writer = new Writer();
  const json = {
    asset: { version: '2.0', generator: 'janet tests' },
    scene: 0,
    scenes: [{ nodes: [] }],
    nodes: [],
    meshes: [],
    materials: [{ name: 'skin', pbrMetallicRoughness: { baseColorFactor: [0.8, 0.62, 0.52, 1], metallicFactor: 0, roughnessFactor: 0.8 } }],
  };
  const places = new Map();
  // VRM 0.x looks along -z.
  const turn = vrm === '0' ? -1 : 1;
  if (bones) {
    for (const [bone, parent, at] of BONES) {
      if (bone === 'jaw' && !jaw) continue;
      const from = parent === null ? [0, 0, 0] : BONES.find(([name]) => name === parent)[2];
      const node = { name: names(bone), translation: at.map((x, axis) => (x - from[axis]) * scale * (axis === 1 ? 1 : turn)) };
      places.set(bone, json.nodes.length);
      if (parent === null) json.scenes[0].nodes.push(json.nodes.length);
      else (json.nodes[places.get(parent)].children ??= []).push(json.nodes.length);
      json.nodes.push(node);
    }
  }
  const sets = split ? [targets.slice(0, Math.ceil(targets.length / 2)), targets.slice(Math.ceil(targets.length / 2))] : [targets];
  for (const set of sets) {
    const mesh = headMesh(writer, set, { turn, scale, jaw });
    const node = { name: `Face${json.meshes.length}`, mesh: json.meshes.length };
    json.meshes.push(mesh);
    if (jaw) {
      json.skins ??= [skin(writer, [places.get('head'), places.get('jaw')], scale)];
      node.skin = 0;
      json.scenes[0].nodes.push(json.nodes.length);
    } else if (bones) {
      node.translation = [0, -1.52 * scale, 0];
      (json.nodes[places.get('head')].children ??= []).push(json.nodes.length);
    } else json.scenes[0].nodes.push(json.nodes.length);
    json.nodes.push(node);
  }
  if (vrm !== null) (vrm === '1' ? vrm1 : vrm0)(json, places, targets);
  const bin = writer.bytes();
  Object.assign(json, { buffers: [{ byteLength: bin.byteLength }], bufferViews: writer.views, accessors: writer.accessors });
  return { json, bin };
}

/** A whole avatar as a file. */
export function avatar(options) {
  const { json, bin } = parts(options);
  return container(json, bin);
}

/** The avatars that the tests try, by name. */
export const AVATARS = {
  ovr: () => avatar({ targets: [...OVR, 'mouthSmile', 'eyesClosed'], names: mixamo }),
  arkit: () => avatar({ targets: ARKIT.map((name) => `Head_blendShape.${name}`), split: true, names: mixamo }),
  vrm1: () => avatar({ targets: VRM_SHAPES, vrm: '1' }),
  vrm0: () => avatar({ targets: VRM_SHAPES, vrm: '0' }),
  jaw: () => avatar({ jaw: true, names: mixamo }),
  mute: () => avatar({}),
};

/** Bones as Ready Player Me and Mixamo call them. */
export function mixamo(bone) {
  const names = { hips: 'Hips', spine: 'Spine', chest: 'Spine2', neck: 'Neck', head: 'Head', jaw: 'Jaw', leftEye: 'LeftEye', rightEye: 'RightEye' };
  return names[bone] ?? bone.replace('UpperArm', 'Arm').replace('LowerArm', 'ForeArm').replace('UpperLeg', 'UpLeg').replace('LowerLeg', 'Leg').replace(/^l/, 'L').replace(/^r/, 'R');
}

class Writer {
  views = [];
  accessors = [];
  #chunks = [];
  #length = 0;

  /** Gives the accessor's place. */
  add(type, componentType, array, more = {}) {
    const bytes = pad(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), 0);
    const width = { SCALAR: 1, VEC3: 3, VEC4: 4, MAT4: 16 }[type];
    this.views.push({ buffer: 0, byteOffset: this.#length, byteLength: array.byteLength });
    this.accessors.push({ bufferView: this.views.length - 1, componentType, count: array.length / width, type, ...more });
    this.#chunks.push(bytes);
    this.#length += bytes.byteLength;
    return this.accessors.length - 1;
  }

  bytes() {
    const all = new Uint8Array(this.#length);
    let at = 0;
    for (const chunk of this.#chunks) {
      all.set(chunk, at);
      at += chunk.byteLength;
    }
    return all;
  }
}

function headMesh(writer, targets, { turn, scale, jaw }) {
  const positions = [];
  const normals = [];
  for (let ring = 0; ring <= RINGS; ring += 1) {
    const down = (ring / RINGS) * Math.PI;
    for (let sector = 0; sector <= SECTORS; sector += 1) {
      const around = (sector / SECTORS) * 2 * Math.PI;
      const normal = [Math.sin(down) * Math.sin(around) * turn, Math.cos(down), Math.sin(down) * Math.cos(around) * turn];
      normals.push(...normal);
      positions.push(normal[0] * RADIUS * 0.85 * scale, (HEAD_Y + normal[1] * RADIUS * 1.15) * scale, normal[2] * RADIUS * scale);
    }
  }
  const indices = [];
  for (let ring = 0; ring < RINGS; ring += 1) {
    for (let sector = 0; sector < SECTORS; sector += 1) {
      const at = ring * (SECTORS + 1) + sector;
      if (ring > 0) indices.push(at, at + SECTORS + 1, at + 1);
      if (ring < RINGS - 1) indices.push(at + 1, at + SECTORS + 1, at + SECTORS + 2);
    }
  }
  const position = writer.add('VEC3', FLOAT, new Float32Array(positions), bounds(positions));
  const primitive = {
    attributes: { POSITION: position, NORMAL: writer.add('VEC3', FLOAT, new Float32Array(normals)) },
    indices: writer.add('SCALAR', UINT16, new Uint16Array(indices)),
    material: 0,
  };
  const count = positions.length / 3;
  const isChin = (at) => positions[at * 3 + 1] / scale < HEAD_Y - 0.04 && positions[at * 3 + 2] * turn > 0;
  if (jaw) {
    const joints = new Uint8Array(count * 4);
    const weights = new Float32Array(count * 4);
    for (let at = 0; at < count; at += 1) {
      joints[at * 4] = isChin(at) ? 1 : 0;
      weights[at * 4] = 1;
    }
    primitive.attributes.JOINTS_0 = writer.add('VEC4', UINT8, joints);
    primitive.attributes.WEIGHTS_0 = writer.add('VEC4', FLOAT, weights);
  }
  const mesh = { name: 'Face', primitives: [primitive] };
  if (targets.length > 0) {
    primitive.targets = targets.map((name, number) => {
      const moved = new Array(positions.length).fill(0);
      // Each shape moves the chin by another way, so that a picture shows that there is one.
      for (let at = 0; at < count; at += 1) if (isChin(at)) moved[at * 3 + 1] = -(0.01 + 0.001 * (number % 10)) * scale;
      return { POSITION: writer.add('VEC3', FLOAT, new Float32Array(moved), bounds(moved)) };
    });
    mesh.extras = { targetNames: targets };
    mesh.weights = targets.map(() => 0);
  }
  return mesh;
}

function skin(writer, joints, scale) {
  const inverse = (y, z) => [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, -y * scale, -z * scale, 1];
  return { joints, inverseBindMatrices: writer.add('MAT4', FLOAT, new Float32Array([...inverse(1.52, 0), ...inverse(1.56, 0.02)])) };
}

function vrm1(json, places, targets) {
  const node = json.nodes.findIndex(({ mesh }) => mesh !== undefined);
  const preset = (shape) => ({ morphTargetBinds: [{ node, index: targets.indexOf(shape), weight: 1 }] });
  const shapes = { aa: 'A', ih: 'I', ou: 'U', ee: 'E', oh: 'O', blink: 'Blink', blinkLeft: 'Blink_L', blinkRight: 'Blink_R', happy: 'Joy', sad: 'Sorrow', relaxed: 'Fun', angry: 'Angry' };
  json.extensionsUsed = ['VRMC_vrm'];
  json.extensions = {
    VRMC_vrm: {
      specVersion: '1.0',
      meta: { name: 'Test', authors: ['janet tests'], licenseUrl: 'https://vrm.dev/licenses/1.0/' },
      humanoid: { humanBones: Object.fromEntries([...places].map(([bone, at]) => [bone, { node: at }])) },
      expressions: { preset: Object.fromEntries(Object.entries(shapes).filter(([, shape]) => targets.includes(shape)).map(([name, shape]) => [name, preset(shape)])) },
      lookAt: {
        type: 'bone',
        offsetFromHeadBone: [0, 0.1, 0.05],
        ...Object.fromEntries(['HorizontalInner', 'HorizontalOuter', 'VerticalDown', 'VerticalUp'].map((way) => [`rangeMap${way}`, { inputMaxValue: 90, outputScale: 10 }])),
      },
    },
  };
}

function vrm0(json, places, targets) {
  const presets = { a: 'A', i: 'I', u: 'U', e: 'E', o: 'O', blink: 'Blink', blink_l: 'Blink_L', blink_r: 'Blink_R', joy: 'Joy', sorrow: 'Sorrow', fun: 'Fun', angry: 'Angry' };
  const curve = { curve: [0, 0, 0, 1, 1, 1, 1, 0], xRange: 90, yRange: 10 };
  json.extensionsUsed = ['VRM'];
  json.extensions = {
    VRM: {
      exporterVersion: 'janet tests',
      specVersion: '0.0',
      meta: { title: 'Test', version: '1', author: 'janet tests', allowedUserName: 'Everyone', licenseName: 'CC0' },
      humanoid: { humanBones: [...places].map(([bone, node]) => ({ bone, node, useDefaultValues: true })) },
      firstPerson: {
        firstPersonBone: places.get('head'),
        firstPersonBoneOffset: { x: 0, y: 0.1, z: 0 },
        lookAtTypeName: 'Bone',
        lookAtHorizontalInner: curve,
        lookAtHorizontalOuter: curve,
        lookAtVerticalDown: curve,
        lookAtVerticalUp: curve,
      },
      blendShapeMaster: {
        blendShapeGroups: Object.entries(presets)
          .filter(([, shape]) => targets.includes(shape))
          .map(([presetName, shape]) => ({ name: shape, presetName, binds: [{ mesh: 0, index: targets.indexOf(shape), weight: 100 }], materialValues: [] })),
      },
      secondaryAnimation: { boneGroups: [], colliderGroups: [] },
      materialProperties: [{ name: 'skin', shader: 'VRM_USE_GLTFSHADER', renderQueue: 2000, floatProperties: {}, vectorProperties: {}, textureProperties: {}, keywordMap: {}, tagMap: {} }],
    },
  };
}

function bounds(values) {
  const min = [Infinity, Infinity, Infinity];
  const max = [-Infinity, -Infinity, -Infinity];
  values.forEach((value, at) => {
    // As they are kept: in single precision.
    const kept = Math.fround(value);
    min[at % 3] = Math.min(min[at % 3], kept);
    max[at % 3] = Math.max(max[at % 3], kept);
  });
  return { min, max };
}

function pad(bytes, filler) {
  const padded = new Uint8Array(Math.ceil(bytes.byteLength / 4) * 4).fill(filler);
  padded.set(bytes);
  return padded;
}
