/** Why a file is not taken as an avatar, and what to do about it. */
import type { Explanation } from '../../state/explain.js';

export type AvatarFault =
  /** Another kind of file. */
  | 'not_glb'
  /** Ends before what it says it holds. */
  | 'truncated'
  | 'too_large'
  /** Contradicts itself, or the format. */
  | 'corrupt'
  /** Refers to files elsewhere, which are never fetched. */
  | 'external'
  /** Needs something that this page does not have. */
  | 'unsupported'
  /** Nothing in it can be a mouth. */
  | 'no_mouth'
  /** The browser could not make a figure of it. */
  | 'failed';

/** The message names the field and what is wrong with it. */
export class AvatarError extends Error {
  constructor(
    readonly fault: AvatarFault,
    message: string,
  ) {
    super(message);
    this.name = 'AvatarError';
  }
}

const TITLES: Record<AvatarFault, string> = {
  not_glb: 'That is not an avatar.',
  truncated: 'That file is not whole.',
  too_large: 'That avatar is too large.',
  corrupt: 'That avatar is damaged.',
  external: 'That avatar refers to other files.',
  unsupported: 'That avatar needs something that this page does not have.',
  no_mouth: 'That avatar’s face cannot be moved.',
  failed: 'The browser could not open that avatar.',
};

const TODO: Record<AvatarFault, string> = {
  not_glb: 'Choose a VRM (0.x or 1.0) or a binary glTF file (.glb).',
  truncated: 'Download or copy it again.',
  too_large: 'Export it with fewer triangles or smaller textures.',
  corrupt: 'Export it again, or check it with a glTF validator.',
  external: 'Export it as one file with everything in it; nothing is fetched from elsewhere.',
  unsupported: 'Export it without compression.',
  no_mouth: 'It needs VRM expressions, Oculus visemes, ARKit shapes or a jaw bone. What was worn stays.',
  failed: 'What was worn stays.',
};

/** In words, for the page. */
export function explainAvatar(error: AvatarError): Explanation {
  return { title: TITLES[error.fault], todo: `What is wrong: ${error.message}. ${TODO[error.fault]}` };
}
