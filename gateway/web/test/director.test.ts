import { Quaternion, Vector3 } from 'three';
import { describe, expect, it } from 'vitest';
import { Director, type Seen } from '../src/face/director.js';
import { closedMouth } from '../src/face/weights.js';

function seen(position: number | null, cues: Seen['cues'] = []): Seen {
  return { weights: closedMouth(), position, cues, viewer: new Vector3(0, 0, 1), eyes: new Vector3(), stands: new Quaternion(), reduced: false };
}

const nod = (at: number): Seen['cues'] => [{ at, kind: 'gesture', name: 'nod' }];

describe('what is due at a sample', () => {
  it('is done when it is heard', () => {
    const director = new Director(1);
    director.pose(0, seen(48_000));
    expect(director.pose(16, seen(48_768, nod(48_700))).gesture).toBe('nod');
  });

  it('is not done where it was heard while nobody saw her', () => {
    const director = new Director(1);
    director.pose(0, seen(48_000));
    expect(director.pose(60_000, seen(60 * 48_000, nod(96_000))).gesture).toBeNull();
  });

  it('is done over the end of 32 bits', () => {
    const director = new Director(1);
    director.pose(0, seen(2 ** 32 - 100));
    expect(director.pose(16, seen(700, nod(2 ** 32 - 50))).gesture).toBe('nod');
    const longer = new Director(1);
    longer.pose(0, seen(2 ** 32 + 100));
    expect(longer.pose(16, seen(2 ** 32 + 868, nod(500))).gesture).toBe('nod');
  });

  it('is not done in silence, nor is what has no such name', () => {
    const director = new Director(1);
    expect(director.pose(0, seen(null, nod(0))).gesture).toBeNull();
    expect(director.pose(16, seen(100, [{ at: 50, kind: 'gesture', name: 'somersault' }])).gesture).toBeNull();
  });
});
