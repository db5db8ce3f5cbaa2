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
  /** Of all skins together: each is a matrix a frame. */
  allJoints: 16_384,
  /** Parts of meshes as they are drawn: each is a call to the graphics card, every frame. */
  draws: 2_048,
  /** Vertices of all parts as they are drawn, which may share them: each is gone through to see how large she is. */
  drawnVertices: 6_000_000,
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
  /** The same of textures: the graphics card has a picture once for each way to look it up. */
  texturePixels: 200_000_000,
  /** Chains of springs, their joints and the balls that they keep out of: each joint looks at each ball, every frame. */
  springs: 512,
  springJoints: 4_096,
  springColliders: 1_024,
  springChecks: 100_000,
  /** Expressions, and what all of them move. */
  expressions: 512,
  expressionBinds: 16_384,
  /** Metres, or whatever the file counts in. */
  coordinate: 100_000,
} as const;
