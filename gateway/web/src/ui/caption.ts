/** What she says, in step with her voice. For the eye only: the chat holds the same text. */
import { captionOf } from '../state/captions.js';
import type { State } from '../state/model.js';
import { byId, setText } from './dom.js';

export class CaptionLine {
  private readonly line = byId('caption');
  private readonly said = byId('caption-said');
  private readonly now = byId('caption-now');
  private readonly toCome = byId('caption-to-come');

  render(state: State, on: boolean): void {
    const sounds = state.her === 'speaking' || state.her === 'held';
    const reply = on && sounds ? state.entries.findLast((e) => e.kind === 'assistant' && e.replyId === state.replyId) : undefined;
    const caption = reply?.kind === 'assistant' ? captionOf(reply.text, state.heardChars) : null;
    this.line.hidden = caption === null;
    setText(this.said, caption?.said ?? '');
    setText(this.now, caption?.now ?? '');
    setText(this.toCome, caption?.toCome ?? '');
    if (caption !== null) this.follow();
  }

  /** Where there is room for a part of it only: the word that is said, with the line after it. */
  private follow(): void {
    const { line, now } = this;
    if (line.scrollHeight <= line.clientHeight) return;
    line.scrollTop += now.getBoundingClientRect().top - line.getBoundingClientRect().top - line.clientTop;
  }
}
