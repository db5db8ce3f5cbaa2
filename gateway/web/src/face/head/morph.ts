/** Geometry with morph targets, from a function that says where the points are for a shape of the face. */
import { BufferAttribute, BufferGeometry } from 'three';
import { MORPHS, REST, shapeOf, type FaceShape } from './shape.js';

export interface Part {
  /** Three numbers for each point, always of the same points in the same order. */
  positions(shape: FaceShape): Float32Array;
  /** Triangles, counter-clockwise from outside. */
  index: number[];
  /** Linear RGB for each point. */
  colours: Float32Array;
}

/** A geometry that has all of `MORPHS`, in their order; a step for each, for they take their time. */
export function* morphing(part: Part): Generator<void, BufferGeometry> {
  const geometry = still({ positions: part.positions(REST), index: part.index, colours: part.colours });
  const base = { position: geometry.getAttribute('position').array, normal: geometry.getAttribute('normal').array };
  const targets: Record<'position' | 'normal', BufferAttribute[]> = { position: [], normal: [] };
  for (const morph of MORPHS) {
    const moved = still({ positions: part.positions(shapeOf(morph)), index: part.index, colours: part.colours });
    for (const name of ['position', 'normal'] as const) {
      const there = moved.getAttribute(name).array;
      const by = new BufferAttribute(
        Float32Array.from(there, (value, i) => value - (base[name][i] as number)),
        3,
      );
      by.name = morph;
      targets[name].push(by);
    }
    moved.dispose();
    yield;
  }
  geometry.morphAttributes = targets;
  geometry.morphTargetsRelative = true;
  return geometry;
}

/** A geometry that does not change. */
export function still({ positions, index, colours }: { positions: Float32Array; index: number[]; colours: Float32Array }): BufferGeometry {
  const geometry = new BufferGeometry();
  geometry.setIndex(index);
  geometry.setAttribute('position', new BufferAttribute(positions, 3));
  geometry.setAttribute('color', new BufferAttribute(colours, 3));
  geometry.computeVertexNormals();
  return geometry;
}

/**
 * Triangles of a grid of `rows` × `columns` points, row by row; with `closed` its last column is joined to the
 * first. `flipped` turns its outside in.
 */
export function gridIndex(rows: number, columns: number, closed: boolean, flipped = false): number[] {
  const index: number[] = [];
  const across = closed ? columns : columns - 1;
  for (let row = 0; row + 1 < rows; row += 1) {
    for (let column = 0; column < across; column += 1) {
      const right = (column + 1) % columns;
      const [a, b] = [row * columns + column, row * columns + right];
      const [c, d] = [a + columns, b + columns];
      if (flipped) index.push(a, b, c, b, d, c);
      else index.push(a, c, b, b, c, d);
    }
  }
  return index;
}
