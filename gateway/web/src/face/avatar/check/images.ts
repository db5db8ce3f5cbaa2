/** The pictures of an avatar: that they lie in it, and how much memory they take once they are decoded. Pure. */
import { AvatarError } from '../fault.js';
import { imageSize } from '../image-size.js';
import { LIMITS } from '../limits.js';
import { dataOf } from './buffers.js';
import { corrupt, fields, objects, place, text, whole, type Fields } from './json.js';
import { tooMany } from './meshes.js';

/** Gives their pixels. */
export function checkImages(json: Fields, views: readonly Uint8Array[]): number {
  let pixels = 0;
  const images = objects(json['images'], 'images', LIMITS.parts);
  const sizes = images.map((image, at) => {
    const field = `images[${at}]`;
    // The loader takes the other one.
    if (image['uri'] !== undefined && image['bufferView'] !== undefined) throw corrupt(field, 'has a uri and a bufferView');
    const bytes = image['uri'] === undefined ? views[place(image['bufferView'], `${field}.bufferView`, views.length)] : dataOf(text(image['uri']), `${field}.uri`);
    const size = bytes === undefined ? null : imageSize(bytes);
    if (size === null) throw new AvatarError('unsupported', `${field} is no PNG, JPEG or WebP`);
    if (size.width === 0 || size.height === 0) throw corrupt(field, 'is empty');
    if (Math.max(size.width, size.height) > LIMITS.imageEdge) {
      throw new AvatarError('too_large', `${field} has ${size.width} × ${size.height} pixels, and ${LIMITS.imageEdge} along an edge are taken`);
    }
    pixels += size.width * size.height;
    return size.width * size.height;
  });
  tooMany('pixels in pictures', pixels, LIMITS.imagePixels);
  checkTextures(json, sizes);
  objects(json['materials'], 'materials', LIMITS.parts);
  return pixels;
}

/** `sizes`: of the pictures, in pixels. */
function checkTextures(json: Fields, sizes: readonly number[]): void {
  const samplers = objects(json['samplers'], 'samplers', LIMITS.parts);
  // Textures of one picture share it only where they look it up alike.
  const uploaded = new Map<string, number>();
  objects(json['textures'], 'textures', LIMITS.parts).forEach((texture, at) => {
    const field = `textures[${at}]`;
    const sampler = texture['sampler'] === undefined ? {} : (samplers[place(texture['sampler'], `${field}.sampler`, samplers.length)] as Fields);
    const how = ['magFilter', 'minFilter', 'wrapS', 'wrapT'].map((name) => whole(sampler[name], `samplers.${name}`, 0));
    const webp = fields(fields(texture['extensions'], `${field}.extensions`)['EXT_texture_webp'], `${field}.extensions.EXT_texture_webp`);
    for (const [source, name] of [[texture['source'], 'source'], [webp['source'], 'extensions.EXT_texture_webp.source']] as const) {
      if (source === undefined) continue;
      const image = place(source, `${field}.${name}`, sizes.length);
      uploaded.set(`${image} ${how.join(' ')}`, sizes[image] ?? 0);
    }
  });
  let pixels = 0;
  for (const size of uploaded.values()) pixels += size;
  tooMany('pixels in textures', pixels, LIMITS.texturePixels);
}
