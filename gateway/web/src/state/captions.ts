/**
 * The caption: the sentence that she is saying, and how far in it she is.
 *
 * The clock is the sound itself: the worklet counts played samples, the server knows which word ends
 * at which sample and answers with the characters heard (`speech_heard`). A word counts as heard when
 * all of it was, and playout is reported ten times a second; so the word that follows is shown as the
 * one being said, and may be so up to about two tenths of a second late. No word is marked by guesswork.
 */

export interface Caption {
  /** Heard, of this sentence. */
  said: string;
  /** The word being said. */
  now: string;
  /** The rest of the sentence. */
  toCome: string;
}

/** A caption longer than this, in characters, is broken between words. */
const LONGEST = 120;
/** Where a sentence ends: its marks, closing quotes and brackets, white space. */
const SENTENCE_END = /[.!?…]+["'”’)\]]*\s+|\n+/gu;

/** The caption of a reply of which `heardChars` characters (Unicode scalar values) were heard. */
export function captionOf(text: string, heardChars: number): Caption | null {
  const heard = offset(text, heardChars);
  const next = heard + (/^\s*/u.exec(text.slice(heard))?.[0].length ?? 0);
  // All was heard: the last sentence stays until she is through.
  const at = next < text.length ? next : text.trimEnd().length - 1;
  if (at < 0) return null;
  const { from, to } = stretch(text, at);
  const word = next < text.length ? next + (/^\S+/u.exec(text.slice(next, to))?.[0].length ?? 0) : next;
  const cut = (begin: number, end: number): string => text.slice(Math.max(from, begin), Math.min(to, end));
  return { said: cut(from, Math.max(from, next)), now: cut(next, word), toCome: cut(word, to).trimEnd() };
}

/** UTF-16 offset of the n-th character. */
function offset(text: string, chars: number): number {
  let at = 0;
  for (const char of text) {
    if (chars <= 0) break;
    chars -= 1;
    at += char.length;
  }
  return at;
}

/** The sentence around an offset, or the part of it that fits a caption. */
function stretch(text: string, at: number): { from: number; to: number } {
  let from = 0;
  let to = text.length;
  for (const end of text.matchAll(SENTENCE_END)) {
    const behind = end.index + end[0].length;
    if (behind <= at) from = behind;
    else {
      to = behind;
      break;
    }
  }
  while (to - from > LONGEST) {
    const space = text.lastIndexOf(' ', from + LONGEST);
    const middle = space > from ? space + 1 : from + LONGEST;
    if (at < middle) return { from, to: middle };
    from = middle;
  }
  return { from, to };
}
