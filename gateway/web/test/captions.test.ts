import { describe, expect, it } from 'vitest';
import { captionOf } from '../src/state/captions.js';

const TEXT = 'Paris is the capital. It lies on the Seine! “Really?” Yes.';

function line(text: string, chars: number): string | null {
  const caption = captionOf(text, chars);
  return caption && `${caption.said}[${caption.now}]${caption.toCome}`;
}

describe('the caption', () => {
  it('is the sentence that she is in, with the word that follows what was heard', () => {
    expect(line(TEXT, 0)).toBe('[Paris] is the capital.');
    expect(line(TEXT, 5)).toBe('Paris [is] the capital.');
    expect(line(TEXT, 12)).toBe('Paris is the [capital.]');
  });

  it('goes on to the next sentence when one is through', () => {
    expect(line(TEXT, 21)).toBe('[It] lies on the Seine!');
    expect(line(TEXT, 43)).toBe('[“Really?”]');
  });

  it('keeps the last sentence when all was heard', () => {
    expect(line('One. Two.', 9)).toBe('Two.[]');
    expect(line('One. Two. ', 50)).toBe('Two. []');
  });

  it('counts characters, not UTF-16 units', () => {
    expect(line('🎉🎉 party now', 2)).toBe('🎉🎉 [party] now');
  });

  it('is nothing where there is nothing to say', () => {
    expect(captionOf('', 0)).toBeNull();
    expect(captionOf('  ', 0)).toBeNull();
  });

  it('breaks what is too long between words, and loses none', () => {
    const words = Array.from({ length: 80 }, (_, i) => `word${i}`);
    const text = words.join(' ');
    const seen: string[] = [];
    let heard = 0;
    for (const word of words) {
      const caption = captionOf(text, heard);
      expect((caption?.said ?? '').length + (caption?.now ?? '').length + (caption?.toCome ?? '').length).toBeLessThanOrEqual(121);
      seen.push(caption?.now ?? '');
      heard += word.length + 1;
    }
    expect(seen).toEqual(words);
  });

  it('comes to an end with a word that no caption could hold', () => {
    expect(captionOf('x'.repeat(1000), 500)).not.toBeNull();
  });
});
