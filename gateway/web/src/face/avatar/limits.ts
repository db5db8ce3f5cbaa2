/** How much of an avatar is taken. Beyond it a headset would not keep its frame rate, or the tab its memory. */

const MIB = 1024 * 1024;

export const LIMITS = {
  fileBytes: 64 * MIB,
  jsonBytes: 8 * MIB,
  nodes: 4_096,
  /** Nodes below one another: loaders and renderers descend by recursion. */
  depth: 128,
  /** Meshes, materials, textures and skins, each. */
  parts: 512,
  accessors: 16_384,
  joints: 1_024,
  /** As they are drawn: a mesh that two nodes show counts twice. */
  triangles: 500_000,
  vertices: 500_000,
  targets: 512,
  /** Vertices of all morph targets together: each is two texels of 16 bytes on the graphics card. */
  morphVertices: 6_000_000,
  /** The same of all parts, which share them: a file of little may ask for much. */
  morphTexels: 48_000_000,
  /** Numbers in all accessors together, also those that the file only promises. */
  numbers: 40_000_000,
  /** Pixels along an edge of an image, and in all of them. */
  imageEdge: 8_192,
  imagePixels: 100_000_000,
  /** Metres, or whatever the file counts in. */
  coordinate: 100_000,
} as const;
