import { describe, expect, it } from 'vitest';
import { dropped, over } from '../src/ui/drops.js';

describe('a file over the page', () => {
  it('is told that it is taken, or why it is not', () => {
    expect(over([''], true)).toMatchObject({ title: 'Drop a VRM or GLB file to dress Janet', isTaken: true });
    // A browser may tell nothing before it is dropped.
    for (const kinds of [[], ['model/gltf-binary'], ['application/octet-stream']]) expect(over(kinds, true).isTaken, String(kinds)).toBe(true);
    for (const kind of ['image/png', 'application/zip', 'text/html', 'video/mp4']) expect(over([kind], true), kind).toMatchObject({ title: 'That is no avatar.', isTaken: false });
    expect(over(['', ''], true)).toMatchObject({ title: 'Janet wears one avatar at a time.', isTaken: false });
    expect(over([''], false)).toMatchObject({ title: 'Janet’s face is not shown now.', isTaken: false });
  });

  it('is taken if it is one', () => {
    expect(dropped(['a.vrm'], true)).toEqual({ taken: 'a.vrm' });
    expect(dropped(['a.vrm', 'b.vrm'], true)).toMatchObject({ why: { title: 'Janet wears one avatar at a time.' } });
    expect(dropped([], true)).toMatchObject({ why: { title: 'That is not a file.' } });
    expect(dropped(['a.vrm'], false)).toMatchObject({ why: { title: 'Janet’s face is not shown now.' } });
  });
});
