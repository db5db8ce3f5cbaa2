import validator from 'gltf-validator';
import { describe, expect, it } from 'vitest';
import { ARKIT, AVATARS, avatar, container, OVR, parts, type Json } from '../dev/avatars.mjs';
import { checkAvatar } from '../src/face/avatar/check.js';
import { AvatarError, explainAvatar, type AvatarFault } from '../src/face/avatar/fault.js';
import { imageSize } from '../src/face/avatar/image-size.js';
import { LIMITS } from '../src/face/avatar/limits.js';

/** A picture of so many pixels, as far as its header goes. */
function png(width: number, height: number): Uint8Array {
  const bytes = new Uint8Array(33);
  bytes.set([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52]);
  const view = new DataView(bytes.buffer);
  view.setUint32(16, width);
  view.setUint32(20, height);
  return bytes;
}

function dataUrl(bytes: Uint8Array, type = 'image/png'): string {
  return `data:${type};base64,${Buffer.from(bytes).toString('base64')}`;
}

/** What is said of a file. */
function refusal(file: ArrayBuffer): AvatarError {
  try {
    checkAvatar(file);
  } catch (error) {
    if (error instanceof AvatarError) return error;
    throw error;
  }
  throw new Error('it was taken');
}

function spoiled(change: (json: Json, bin: Uint8Array) => void, options = { targets: OVR }): ArrayBuffer {
  const { json, bin } = parts(options);
  change(json, bin);
  return container(json, bin);
}

describe('avatars that are well', () => {
  it.each(Object.entries(AVATARS))('%s is taken, and valid', async (name, make) => {
    const file = make();
    const { kind, triangles, targets } = checkAvatar(file);
    expect(kind).toBe(name === 'vrm0' || name === 'vrm1' ? name : 'glb');
    expect(triangles).toBe(352 * (name === 'arkit' ? 2 : 1));
    if (name === 'arkit') expect(targets).toEqual(ARKIT.map((target) => `Head_blendShape.${target}`));
    const { issues } = await validator.validateBytes(new Uint8Array(file));
    expect(issues.messages.filter(({ severity }) => severity === 0)).toEqual([]);
  });

  it('pictures and buffers may be texts within the file', () => {
    const file = spoiled((json) => {
      json.images = [{ uri: dataUrl(png(64, 32)) }];
      json.textures = [{ source: 0 }];
      json.buffers.push({ byteLength: 3, uri: dataUrl(new Uint8Array([1, 2, 3]), 'application/octet-stream') });
    });
    const checked = checkAvatar(file);
    expect(checked.imagePixels).toBe(2048);
    expect(checked.buffers[1]).toEqual(new Uint8Array([1, 2, 3]));
  });

  it('nothing may be written as null', () => {
    const nothing = { VRM: { secondaryAnimation: null, blendShapeMaster: { blendShapeGroups: [{ binds: null }] } }, VRMC_springBone: { springs: null } };
    expect(checkAvatar(spoiled((json) => (json.extensions = nothing))).kind).toBe('vrm0');
  });

  it('sparse targets are read', () => {
    const file = spoiled((json) => {
      const target = json.accessors[json.meshes[0].primitives[0].targets[0].POSITION];
      const { bufferView } = target;
      delete target.bufferView;
      const indices = json.accessors[json.meshes[0].primitives[0].indices].bufferView;
      // The first three indices of the mesh differ from each other, as those of a sparse accessor have to.
      target.sparse = { count: 3, indices: { bufferView: indices, componentType: 5123 }, values: { bufferView } };
    });
    expect(checkAvatar(file).targets).toEqual(OVR);
  });
});

describe('what is no avatar', () => {
  const files: Array<[string, ArrayBuffer, AvatarFault, string]> = [
    ['nothing', new ArrayBuffer(0), 'not_glb', 'does not begin as one'],
    ['a glTF in text form', text('{"asset":{"version":"2.0"}}'), 'not_glb', 'text form'],
    ['an archive', text('PK\u0003\u0004aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'), 'not_glb', 'archive'],
    ['a page', text('<!doctype html><html></html>'), 'not_glb', 'web page'],
    ['a header and no more', AVATARS.ovr().slice(0, 16), 'truncated', 'header'],
    ['half a file', AVATARS.ovr().slice(0, 4000), 'truncated', 'its header names'],
    ['a file of too many bytes', new ArrayBuffer(LIMITS.fileBytes + 1), 'too_large', 'MiB'],
    ['version 1', patched((view) => view.setUint32(4, 1, true)), 'unsupported', 'version 1'],
    ['a chunk that is too long', patched((view) => view.setUint32(12, 0xfffffff0, true)), 'corrupt', 'chunk at byte 12'],
    ['a first chunk of another kind', patched((view) => view.setUint32(16, 1, true)), 'corrupt', 'not JSON'],
    ['JSON that breaks off', container('{"asset": {"version": "2.0"', new Uint8Array(0)), 'corrupt', 'cannot be read'],
    ['JSON in circles of brackets', container('['.repeat(200_000), new Uint8Array(0)), 'corrupt', 'cannot be read'],
    ['JSON that is a list', container('[]', new Uint8Array(0)), 'corrupt', 'not an object'],
    ['too much JSON', container(`{"a":"${'x'.repeat(LIMITS.jsonBytes)}"}`, new Uint8Array(0)), 'too_large', 'JSON'],
  ];
  it.each(files)('%s', (_, file, fault, words) => {
    const error = refusal(file);
    expect(error.fault).toBe(fault);
    expect(error.message).toContain(words);
  });
});

describe('avatars that are refused, by the name of the field', () => {
  const changes: Array<[string, (json: Json, bin: Uint8Array) => void, AvatarFault]> = [
    ['asset.version', (json) => (json.asset.version = '1.0'), 'unsupported'],
    ['EXT_other', (json) => (json.extensionsRequired = ['EXT_other']), 'unsupported'],
    ['Draco', (json) => (json.extensionsUsed = ['KHR_draco_mesh_compression']), 'unsupported'],
    ['meshopt', (json) => (json.extensionsRequired = ['EXT_meshopt_compression']), 'unsupported'],
    ['KTX2', (json) => (json.extensionsRequired = ['KHR_texture_basisu']), 'unsupported'],
    ['buffers[1].uri', (json) => json.buffers.push({ byteLength: 3, uri: 'rest.bin' }), 'external'],
    ['images[0].uri', (json) => (json.images = [{ uri: 'https://example.org/skin.png' }]), 'external'],
    ['images[0].uri', (json) => (json.images = [{ uri: 'file:///etc/passwd' }]), 'external'],
    ['images[0].uri', (json) => (json.images = [{ uri: 'data:text/html,<b>' }]), 'external'],
    ['images[0]', (json) => (json.images = [{ uri: dataUrl(new Uint8Array([1, 2, 3, 4])) }]), 'unsupported'],
    ['images[0] has a uri and a bufferView', (json) => (json.images = [{ uri: dataUrl(png(1, 1)), bufferView: 0 }]), 'corrupt'],
    ['nodes[0] needs instanced meshes', (json) => (json.nodes[0].extensions = { EXT_mesh_gpu_instancing: { attributes: {} } }), 'unsupported'],
    ['morph targets of all parts', (json) => {
      // A few bytes that ask for gigabytes: one accessor without data, named by every target.
      const primitive = json.meshes[0].primitives[0];
      json.accessors.push({ componentType: 5126, type: 'VEC3', count: 500_000 });
      const huge = json.accessors.length - 1;
      json.meshes[0].primitives = [{ attributes: { POSITION: huge }, material: primitive.material, targets: new Array(512).fill({ POSITION: huge }) }];
    }, 'too_large'],
    ['images[0] has 60000', (json) => (json.images = [{ uri: dataUrl(png(60_000, 60_000)) }]), 'too_large'],
    ['pixels', (json) => (json.images = [0, 1].map(() => ({ uri: dataUrl(png(8192, 8192)) }))), 'too_large'],
    ['pixels in textures', (json) => {
      // One picture, and as many ways to look it up as there are: the graphics card has it once for each.
      json.images = [{ uri: dataUrl(png(8192, 8192)) }];
      json.samplers = [33071, 33648, 10497].flatMap((wrapS) => [9728, 9729].map((magFilter) => ({ wrapS, magFilter })));
      json.textures = json.samplers.map((_: Json, sampler: number) => ({ sampler, source: 0 }));
    }, 'too_large'],
    ['textures[0].sampler', (json) => (json.textures = [{ sampler: 0 }]), 'corrupt'],
    ['textures[0].extensions.EXT_texture_webp.source', (json) => (json.textures = [{ extensions: { EXT_texture_webp: { source: 1 } } }]), 'corrupt'],
    ['parts to draw', (json) => {
      // Few triangles, and a call to the graphics card for each.
      const primitive = json.meshes[0].primitives[0];
      json.accessors.push({ ...json.accessors[primitive.indices], count: 3 });
      json.meshes[0].primitives = new Array(300).fill({ ...primitive, indices: json.accessors.length - 1 });
      json.nodes.push(...Array.from({ length: 8 }, () => ({ mesh: 0 })));
    }, 'too_large'],
    ['vertices in the parts to draw', (json) => {
      json.accessors.push({ componentType: 5126, type: 'VEC3', count: 400_000 }, { componentType: 5125, type: 'SCALAR', count: 3 });
      const [POSITION, indices] = [json.accessors.length - 2, json.accessors.length - 1];
      json.meshes[0].primitives = new Array(20).fill({ attributes: { POSITION }, indices });
    }, 'too_large'],
    ['joints in all skins', (json) => (json.skins = Array.from({ length: 20 }, () => ({ joints: new Array(1_000).fill(0) }))), 'too_large'],
    ['joints in springs', (json) => {
      // Every bone stands for all below it, and one may be named again and again.
      json.nodes.push({ children: Array.from({ length: 100 }, (_, at) => json.nodes.length + 1 + at) }, ...Array.from({ length: 100 }, () => ({})));
      json.extensions = { VRM: { secondaryAnimation: { boneGroups: [{ bones: new Array(50).fill(json.nodes.length - 101) }] } } };
    }, 'too_large'],
    ['things that springs keep out of', (json) => {
      const colliders = Array.from({ length: 1_000 }, () => ({}));
      const springs = [{ joints: new Array(200).fill({ node: 0 }), colliderGroups: [0] }];
      json.extensions = { VRMC_springBone: { colliders, colliderGroups: [{ colliders: colliders.map((_, at) => at) }], springs } };
    }, 'too_large'],
    ['shapes in expressions', (json) => (json.extensions = { VRM: { blendShapeMaster: { blendShapeGroups: new Array(3).fill({ binds: new Array(8_000).fill({}) }) } } }), 'too_large'],
    ['expressions', (json) => (json.extensions = { VRMC_vrm: { expressions: { custom: Object.fromEntries(Array.from({ length: 600 }, (_, at) => [`e${at}`, {}])) } } }), 'too_large'],
    ['springs is not a list', (json) => (json.extensions = { VRMC_springBone: { springs: 7 } }), 'corrupt'],
    ['textures[0].source', (json) => (json.textures = [{ source: 3 }]), 'corrupt'],
    ['buffers[0].byteLength', (json) => (json.buffers[0].byteLength += 1000), 'truncated'],
    ['bufferViews[0]', (json) => (json.bufferViews[0].byteLength = 1e9), 'corrupt'],
    ['bufferViews[0].byteStride', (json) => (json.bufferViews[0].byteStride = 3), 'corrupt'],
    ['accessors[0]', (json) => (json.accessors[0].count = 1e6), 'corrupt'],
    ['accessors[0]', (json) => (json.accessors[0].byteOffset = 1), 'corrupt'],
    ['accessors[0].type', (json) => (json.accessors[0].type = 'VEC9'), 'corrupt'],
    ['accessors[0].componentType', (json) => (json.accessors[0].componentType = 5130), 'corrupt'],
    // Promised and not there: whoever believes it sets gigabytes aside.
    [`accessors[${accessorsOfOvr()}].count`, (json) => json.accessors.push({ componentType: 5126, count: 2 ** 31, type: 'MAT4' }), 'too_large'],
    ['accessors hold', (json) => [0, 1, 2].forEach(() => json.accessors.push({ componentType: 5126, count: 5_000_000, type: 'VEC3' })), 'too_large'],
    ['accessors is not a list', (json) => (json.accessors = {}), 'corrupt'],
    ['accessors[0] has NaN', (_, bin) => new DataView(bin.buffer).setFloat32(0, NaN, true), 'corrupt'],
    ['accessors[0] has Infinity', (_, bin) => new DataView(bin.buffer).setFloat32(4, Infinity, true), 'corrupt'],
    ['accessors[0] has 1.0', (_, bin) => new DataView(bin.buffer).setFloat32(8, 1e30, true), 'corrupt'],
    ['accessors[5] has NaN', (json, bin) => new DataView(bin.buffer).setFloat32(json.bufferViews[5].byteOffset, NaN, true), 'corrupt'],
    ['meshes[0].primitives[0].indices', (json, bin) => new DataView(bin.buffer).setUint16(json.bufferViews[json.accessors[json.meshes[0].primitives[0].indices].bufferView].byteOffset, 60_000, true), 'corrupt'],
    ['meshes[0].primitives[0].attributes.POSITION', (json) => delete json.meshes[0].primitives[0].attributes.POSITION, 'corrupt'],
    ['meshes[0].primitives[0].attributes.NORMAL', (json) => (json.accessors[1].count = 3), 'corrupt'],
    ['meshes[0].primitives[0].targets[0].POSITION', (json) => (json.meshes[0].primitives[0].targets[0].POSITION = 9999), 'corrupt'],
    ['meshes[0].primitives is empty', (json) => (json.meshes[0].primitives = []), 'corrupt'],
    ['meshes[0].primitives[1].targets', (json) => json.meshes[0].primitives.push({ attributes: json.meshes[0].primitives[0].attributes }), 'corrupt'],
    ['triangles', (json) => json.nodes.push(...Array.from({ length: 2000 }, () => ({ mesh: 0 }))), 'too_large'],
    ['nodes has', (json) => json.nodes.push(...Array.from({ length: LIMITS.nodes }, () => ({}))), 'too_large'],
    ['nodes go in a circle', (json) => json.nodes.push({ children: [json.nodes.length + 1] }, { children: [json.nodes.length] }), 'corrupt'],
    ['lies below', (json) => json.nodes.push({ children: [1] }), 'corrupt'],
    ['deep', (json) => json.nodes.push(...Array.from({ length: 200 }, (_, at) => (at === 199 ? {} : { children: [json.nodes.length + at + 1] }))), 'too_large'],
    ['nodes[0].children', (json) => (json.nodes[0].children = [77777]), 'corrupt'],
    ['nodes[0].translation', (json) => (json.nodes[0].translation = [0, null, 0]), 'corrupt'],
    ['nodes[0].skin', (json) => (json.nodes[0].skin = 0), 'corrupt'],
    ['scenes[0].nodes', (json) => json.scenes[0].nodes.push(2), 'corrupt'],
    ['scenes is empty', (json) => delete json.scenes, 'corrupt'],
    ['skins[0].joints', (json) => (json.skins = [{ joints: [] }]), 'corrupt'],
  ];
  it.each(changes)('%s', (words, change, fault) => {
    const error = refusal(spoiled(change));
    expect(error.message).toContain(words);
    expect(error.fault).toBe(fault);
    expect(explainAvatar(error).todo).toMatch(/^What is wrong: .*\. [A-Z].*\.$/);
  });

  it('numbers that JSON makes infinite', () => {
    const { json, bin } = parts();
    const file = container(JSON.stringify(json).replace('"translation":[0,0.95,0]', '"translation":[0,1e999,0]'), bin);
    expect(refusal(file).message).toContain('nodes[0].translation');
  });

  it('whatever is wrong with a file, what is said is an AvatarError', () => {
    const random = seeded(7);
    const whole = new Uint8Array(AVATARS.vrm1());
    let refused = 0;
    for (let round = 0; round < 300; round += 1) {
      const bytes = whole.slice();
      // Most of it is JSON or numbers; a few bytes anywhere, more of them near the start.
      for (let n = 0; n < 6; n += 1) bytes[Math.floor(random() ** 2 * bytes.length)] = Math.floor(random() * 256);
      try {
        checkAvatar(bytes.buffer);
      } catch (error) {
        expect(error).toBeInstanceOf(AvatarError);
        refused += 1;
      }
    }
    expect(refused).toBeGreaterThan(30);
  });
});

describe('the size of a picture', () => {
  it('is found in PNG, JPEG and WebP', () => {
    expect(imageSize(png(640, 480))).toEqual({ width: 640, height: 480 });
    const jpeg = [0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 1, 0xff, 0xff, 0xc2, 0, 17, 8, 0x01, 0x00, 0x02, 0x00];
    expect(imageSize(new Uint8Array(jpeg))).toEqual({ width: 512, height: 256 });
    const riff = [...Buffer.from('RIFF\0\0\0\0WEBP')];
    expect(imageSize(new Uint8Array([...riff, ...Buffer.from('VP8X'), 10, 0, 0, 0, 0, 0, 0, 0, 0xff, 0x03, 0, 0x7f, 0x02, 0]))).toEqual({ width: 1024, height: 640 });
    expect(imageSize(new Uint8Array([...riff, ...Buffer.from('VP8L'), 5, 0, 0, 0, 0x2f, 0x3f, 0xc0, 0x0f, 0]))).toEqual({ width: 64, height: 64 });
    expect(imageSize(new Uint8Array([...riff, ...Buffer.from('VP8 '), 0, 0, 0, 0, 0, 0, 0, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xf0, 0x00]))).toEqual({ width: 320, height: 240 });
  });

  it('is that of the header, which comes first', () => {
    const late = png(1, 1);
    late.set([0x43, 0x67, 0x42, 0x49], 12);
    expect(imageSize(late)).toBeNull();
  });

  it('and in nothing else, also not past its end', () => {
    expect(imageSize(new Uint8Array(0))).toBeNull();
    expect(imageSize(png(1, 1).subarray(0, 20))).toBeNull();
    expect(imageSize(new Uint8Array([0xff, 0xd8, 0xff, 0xe0]))).toBeNull();
    expect(imageSize(new Uint8Array([0xff, 0xd8, 0xff, 0xda, 0, 0]))).toBeNull();
  });
});

function text(words: string): ArrayBuffer {
  return new Uint8Array(Buffer.from(words, 'latin1')).buffer;
}

function patched(change: (view: DataView) => void): ArrayBuffer {
  const file = avatar({ targets: OVR });
  change(new DataView(file));
  return file;
}

function accessorsOfOvr(): number {
  return parts({ targets: OVR }).json.accessors.length;
}

function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
