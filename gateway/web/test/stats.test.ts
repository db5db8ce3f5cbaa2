import { describe, expect, it } from 'vitest';
import { forgetWords, freshStats, keep } from '../src/stats.js';

describe('what the page counts', () => {
  it('keeps the latest of it, and not without end', () => {
    const list: number[] = [];
    for (let n = 1; n <= 5; n += 1) keep(list, n, 3);
    expect(list).toEqual([3, 4, 5]);
    const { errors } = freshStats();
    for (let n = 0; n < 2_000; n += 1) keep(errors, `e${n}`);
    expect(errors.length).toBeLessThanOrEqual(1_000);
    expect(errors.at(-1)).toBe('e1999');
  });

  it('forgets the words and not how many there were', () => {
    const stats = { ...freshStats(), partial: 'my umb', heardChars: 4 };
    keep(stats.transcripts, 'My umbrella is blue.');
    keep(stats.answers, { text: 'Your umbrella is blue.', latency: { first_heard: 700 } });
    forgetWords(stats);
    expect(JSON.stringify(stats)).not.toContain('umb');
    expect([stats.transcripts, stats.answers]).toEqual([[''], [{ text: '', latency: { first_heard: 700 } }]]);
  });
});
