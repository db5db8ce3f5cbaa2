/** The pictures of an avatar: that they lie in it, and how much memory they take once they are decoded. Pure. */
import { AvatarError } from '../fault.js';
import { imageSize } from '../image-size.js';
import { LIMITS } from '../limits.js';
import { dataOf } from './buffers.js';
import { corrupt, objects, place, text, type Fields } from './json.js';
import { tooMany } from './meshes.js';

/** Gives their pixels. */
export function checkImages(json: Fields, views: readonly Uint8Array[]): number {
  let pixels = 0;
  const images = objects(json['images'], 'images', LIMITS.parts);
  images.forEach((image, at) => {
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
  });
  tooMany('pixels in pictures', pixels, LIMITS.imagePixels);
  objects(json['textures'], 'textures', LIMITS.parts).forEach((texture, at) => {
    if (texture['source'] !== undefined) place(texture['source'], `textures[${at}].source`, images.length);
  });
  objects(json['materials'], 'materials', LIMITS.parts);
  return pixels;
}
