/** The page's polite live region: short messages, each said once, also when two are the same. */
import { h } from './dom.js';

/** How many messages stay readable; a reader that is busy may come late. */
const KEPT = 3;

export class Announcer {
  constructor(private readonly region: HTMLElement) {}

  say(text: string): void {
    this.region.append(h('p', {}, text));
    while (this.region.childElementCount > KEPT) this.region.firstElementChild?.remove();
  }

  /** What was said here is not readable any more. */
  clear(): void {
    this.region.replaceChildren();
  }
}
