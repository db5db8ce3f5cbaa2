/** What an avatar needs beyond plain glTF, and whether this page has it. Pure. */
import { AvatarError } from '../fault.js';
import { fields, list, text, type Fields } from './json.js';

const KNOWN = new Set([
  'VRM',
  'VRMC_vrm',
  'VRMC_springBone',
  'VRMC_springBone_extended_collider',
  'VRMC_node_constraint',
  'VRMC_materials_mtoon',
  'VRMC_materials_hdr_emissiveMultiplier',
  'KHR_materials_anisotropy',
  'KHR_materials_clearcoat',
  'KHR_materials_diffuse_roughness',
  'KHR_materials_dispersion',
  'KHR_materials_emissive_strength',
  'KHR_materials_ior',
  'KHR_materials_iridescence',
  'KHR_materials_sheen',
  'KHR_materials_specular',
  'KHR_materials_transmission',
  'KHR_materials_unlit',
  'KHR_materials_volume',
  'KHR_lights_punctual',
  'KHR_mesh_quantization',
  'KHR_texture_transform',
  'EXT_materials_bump',
  'EXT_texture_webp',
]);

/** What is known by name and left out on purpose: decoders of hundreds of kilobytes, or code that multiplies. */
const LEFT_OUT: Readonly<Record<string, string>> = {
  KHR_draco_mesh_compression: 'Draco compression',
  EXT_meshopt_compression: 'meshopt compression',
  KHR_meshopt_compression: 'meshopt compression',
  KHR_texture_basisu: 'KTX2 textures',
  EXT_texture_avif: 'AVIF textures',
  EXT_mesh_gpu_instancing: 'instanced meshes',
};

/** Of these the loader has no way around, even where the file says that it can do without. */
const NEVER = ['KHR_draco_mesh_compression', 'EXT_mesh_gpu_instancing'];

/** Which kind of avatar it is. */
export type Kind = 'vrm0' | 'vrm1' | 'glb';

export function checkExtensions(json: Fields): Kind {
  const version = text(fields(json['asset'], 'asset')['version']);
  if (!/^2\.\d/.test(version)) throw new AvatarError('unsupported', `asset.version is “${version.slice(0, 16)}”, and 2.0 is known`);
  const required = list(json['extensionsRequired'], 'extensionsRequired', 64).map(text);
  const used = list(json['extensionsUsed'], 'extensionsUsed', 64).map(text);
  for (const name of [...required, ...used.filter((one) => NEVER.includes(one))]) {
    if (KNOWN.has(name)) continue;
    const known = LEFT_OUT[name];
    throw new AvatarError('unsupported', known === undefined ? `extensionsRequired names “${name.slice(0, 64)}”` : `it needs ${known} (${name})`);
  }
  const extensions = fields(json['extensions'], 'extensions');
  if (extensions['VRMC_vrm'] !== undefined) return 'vrm1';
  return extensions['VRM'] === undefined ? 'glb' : 'vrm0';
}
