import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { FILE, generate } from '../dev/types.mjs';

describe('the types of the wire', () => {
  it('are what the schema gives; else: npm run types', async () => {
    expect(await readFile(FILE, 'utf8')).toBe(await generate());
  });
});
