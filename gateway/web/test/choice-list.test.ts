import { beforeEach, describe, expect, it, vi } from 'vitest';
import { ChoiceList } from '../src/ui/choice-list.js';

/** As much of an element as the list touches. */
class FakeElement {
  hidden = false;
  value = '';
  children: unknown[] = [];
  /** How often what is in it was put there anew: that is when a live region speaks. */
  filled = 0;
  private readonly listeners: Array<() => void> = [];

  replaceChildren(...children: unknown[]): void {
    this.children = children;
    this.filled += 1;
  }

  append(...children: unknown[]): void {
    this.children.push(...children);
  }

  setAttribute(): void {}

  addEventListener(_: string, listener: () => void): void {
    this.listeners.push(listener);
  }
}

const OFFERED = [
  { id: 'auto', name: 'alloy' },
  { id: 'own', name: 'joe' },
];
const gone = () => ({ title: 'That voice is not there any more.', todo: 'Everything stays as it was.' });

describe('a list whose choice was refused', () => {
  const elements = new Map<string, FakeElement>();
  let list: ChoiceList;

  const of = (id: string): FakeElement => {
    const element = elements.get(id) ?? new FakeElement();
    elements.set(id, element);
    return element;
  };

  beforeEach(() => {
    elements.clear();
    vi.stubGlobal('document', { getElementById: of, createElement: () => new FakeElement() });
    list = new ChoiceList('voice', () => undefined);
  });

  it('says why beside it, until there is no refusal any more', () => {
    list.render(OFFERED, 'auto', undefined);
    expect(of('voice-refused').children).toEqual([]);
    list.render(OFFERED, 'auto', gone());
    expect(of('voice-refused').children).toEqual(['That voice is not there any more. Everything stays as it was.']);
    list.render(OFFERED, 'auto', undefined);
    expect(of('voice-refused').children).toEqual([]);
  });

  it('says each refusal once, also when two are the same', () => {
    const first = gone();
    list.render(OFFERED, 'auto', first);
    list.render(OFFERED, 'auto', first);
    expect(of('voice-refused').filled).toBe(1);
    list.render(OFFERED, 'auto', gone());
    expect(of('voice-refused').filled).toBe(2);
  });

  it('stays in view while it has that to say, even if nothing is left to choose', () => {
    list.render(OFFERED.slice(0, 1), 'auto', gone());
    expect(of('voice-field').hidden).toBe(false);
    list.render(OFFERED.slice(0, 1), 'auto', undefined);
    expect(of('voice-field').hidden).toBe(true);
  });
});
