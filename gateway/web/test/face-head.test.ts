import { Mesh, Vector3, type BufferAttribute, type BufferGeometry } from 'three';
import { describe, expect, it } from 'vitest';
import { restingPose } from '../src/face/figure.js';
import { Head } from '../src/face/head.js';
import { MORPHS, REST, shapeOf, type Morph } from '../src/face/head/shape.js';
import { lipGap, skinPart } from '../src/face/head/skin.js';
import { teethEdge, tongueTip } from '../src/face/head/teeth.js';
import { closedMouth, VISEMES } from '../src/face/weights.js';

const mouth = (weights: Partial<Record<(typeof VISEMES)[number], number>>): Float32Array => Float32Array.from(VISEMES, (viseme) => weights[viseme] ?? 0);
const head = Head.make();

/** What is drawn of a morph. */
function drawn(morph: Morph): number {
  return head.rendered()[MORPHS.indexOf(morph)] as number;
}

describe('her head', () => {
  it('has every morph on every mesh that moves, and no point of it is lost', () => {
    let meshes = 0;
    head.object.traverse((object) => {
      if (!(object instanceof Mesh)) return;
      const { position } = object.geometry.attributes;
      expect([...(position?.array ?? [])].every(Number.isFinite)).toBe(true);
      const targets = (object.geometry as BufferGeometry).morphAttributes.position;
      if (targets === undefined) return;
      meshes += 1;
      expect(targets.map((target) => (target as BufferAttribute).name)).toEqual([...MORPHS]);
      for (const target of targets) expect([...target.array].every(Number.isFinite)).toBe(true);
    });
    expect(meshes).toBe(6);
  });

  it('stays within what a page can draw', () => {
    let triangles = 0;
    head.object.traverse((object) => {
      if (object instanceof Mesh) triangles += (object.geometry.index?.count ?? 0) / 3;
    });
    expect(triangles).toBeLessThan(60_000);
  });

  it('moves its mouth by the weights', () => {
    head.apply(restingPose(mouth({ A: 0.75, M: 0.25 })));
    expect(drawn('A')).toBeCloseTo(0.75);
    expect(drawn('M')).toBeCloseTo(0.25);
    head.apply(restingPose(closedMouth()));
    expect(head.rendered().every((share) => share === 0)).toBe(true);
  });

  it('has one mouth, whatever comes', () => {
    head.apply(restingPose(mouth({ A: 1, O: 1 })));
    expect(drawn('A') + drawn('O')).toBeCloseTo(1);
    head.apply(restingPose(Float32Array.of(0, Number.NaN, -1, 7, 0, 0, 0, 0, 0, 0)));
    expect(drawn('A')).toBe(0);
    expect(drawn('E')).toBe(0);
    expect(drawn('I')).toBe(1);
  });

  it('shows its tone, and less of it while the mouth speaks', () => {
    head.apply({ ...restingPose(closedMouth()), tone: 'happy', toneIntensity: 1 });
    expect(drawn('happy')).toBe(1);
    head.apply({ ...restingPose(mouth({ A: 1 })), tone: 'happy', toneIntensity: 1 });
    expect(drawn('happy')).toBeLessThan(0.7);
  });

  it('looks out of its face along z, from above the neck', () => {
    head.apply(restingPose(closedMouth()));
    head.object.updateWorldMatrix(true, true);
    const eyes = head.head.getWorldPosition(new Vector3());
    expect(eyes.x).toBeCloseTo(0);
    expect(eyes.y).toBeGreaterThan(0.1);
    expect(eyes.y).toBeLessThan(0.2);
    expect(eyes.z).toBeGreaterThan(0.05);
  });

  it('turns to her left by a positive yaw', () => {
    head.apply({ ...restingPose(closedMouth()), headYaw: 0.3 });
    head.object.updateWorldMatrix(true, true);
    expect(head.head.getWorldPosition(new Vector3()).x).toBeGreaterThan(0.01);
  });
});

describe('her lips', () => {
  const gap = (morph: Morph | null): number => lipGap(morph === null ? REST : shapeOf(morph));

  it('are closed at rest, for M and for P', () => {
    for (const morph of [null, 'M', 'P'] as const) expect(Math.abs(gap(morph))).toBeLessThan(0.02);
  });

  it('open wide for A, less for E and O, least for U', () => {
    expect(gap('A')).toBeGreaterThan(0.25);
    expect(gap('A')).toBeGreaterThan(gap('O'));
    expect(gap('O')).toBeGreaterThan(gap('U'));
    expect(gap('E')).toBeGreaterThan(gap('I'));
    expect(gap('U')).toBeGreaterThan(0.04);
  });

  it('are spread for I, and round and forward for U', () => {
    const extent = (morph: Morph, axis: 0 | 2): number => {
      const { positions } = skinPart(REST);
      // The ring of the lips' inner edge is the first behind the throat's.
      const points = positions(shapeOf(morph)).slice(7 * 80 * 3, 8 * 80 * 3);
      return Math.max(...points.filter((_, i) => i % 3 === axis));
    };
    expect(extent('I', 0)).toBeGreaterThan(extent('U', 0) * 1.8);
    expect(extent('U', 2)).toBeGreaterThan(extent('I', 2) + 0.05);
  });

  it('show the teeth for F, with the lower lip at their edge', () => {
    const shape = shapeOf('F');
    expect(gap('F')).toBeGreaterThan(0.03);
    expect(Math.abs(lipGap(shape, 'lower') - teethEdge())).toBeLessThan(0.06);
  });

  it('let the tongue through for Th, and only then', () => {
    const forward = (morph: Morph): number => tongueTip(shapeOf(morph)).z;
    expect(forward('Th')).toBeGreaterThan(forward('A') + 0.15);
    expect(tongueTip(shapeOf('Th')).y).toBeGreaterThan(lipGap(shapeOf('Th'), 'lower'));
    expect(tongueTip(shapeOf('Th')).y).toBeLessThan(lipGap(shapeOf('Th'), 'upper'));
  });
});
