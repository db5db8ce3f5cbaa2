import { describe, expect, it } from 'vitest';
import { Openings } from '../src/face/avatar/opening.js';

/** What all tabs of a browser share. */
class Browser {
  readonly storage = kept() as unknown as Storage;
  readonly held = new Set<string>();
  now = 1_000_000;

  tab(withLocks = true): Openings {
    const locks = {
      request: (name: string, run: () => Promise<void>) => {
        this.held.add(name);
        return run().finally(() => this.held.delete(name));
      },
      query: async () => ({ held: [...this.held].map((name) => ({ name })), pending: [] }),
    };
    return new Openings(this.storage, withLocks ? (locks as unknown as LockManager) : null, () => this.now);
  }

  /** All tabs end as they are. */
  crash(): void {
    this.held.clear();
  }
}

/** Its methods do not count as entries, as in a browser. */
function kept(): object {
  const storage = {};
  const methods = {
    getItem: (key: string) => (storage as Record<string, string>)[key] ?? null,
    setItem: (key: string, value: string) => void ((storage as Record<string, string>)[key] = value),
    removeItem: (key: string) => void delete (storage as Record<string, string>)[key],
  };
  return new Proxy(storage, { get: (of, key) => methods[key as keyof typeof methods] ?? Reflect.get(of, key) });
}

const FOX = { name: 'fox.vrm', isNew: false };

describe('an avatar that ends the page', () => {
  it('is known at the next visit, once', async () => {
    const browser = new Browser();
    await browser.tab().begin(FOX);
    browser.crash();
    const next = browser.tab();
    expect(await next.ended()).toEqual(FOX);
    expect(await next.ended()).toBeNull();
  });

  it('is not one that another tab is opening now', async () => {
    const browser = new Browser();
    const end = await browser.tab().begin(FOX);
    const other = browser.tab();
    expect(await other.ended()).toBeNull();
    // Nor has the other one taken its mark away.
    browser.crash();
    expect(await other.ended()).toEqual(FOX);
    end();
  });

  it('is not one that was opened, refused, or left by a reload', async () => {
    const browser = new Browser();
    (await browser.tab().begin(FOX))();
    const left = browser.tab();
    await left.begin(FOX);
    left.leave();
    browser.crash();
    expect(await browser.tab().ended()).toBeNull();
  });

  it('is the last one of several, and may be one that was never worn', async () => {
    const browser = new Browser();
    await browser.tab().begin(FOX);
    browser.now += 5;
    await browser.tab().begin({ name: 'owl.glb', isNew: true });
    browser.crash();
    expect(await browser.tab().ended()).toEqual({ name: 'owl.glb', isNew: true });
    expect(await browser.tab().ended()).toBeNull();
  });

  it('is known by its age where there are no locks', async () => {
    const browser = new Browser();
    await browser.tab(false).begin(FOX);
    browser.now += 20_000;
    expect(await browser.tab(false).ended()).toBeNull();
    browser.now += 20_000;
    expect(await browser.tab(false).ended()).toEqual(FOX);
  });

  it('is not what somebody else wrote there', async () => {
    const browser = new Browser();
    browser.storage.setItem('janet.avatar.opening.1', 'nonsense');
    browser.storage.setItem('janet.avatar.opening.2', '{"name":7}');
    browser.storage.setItem('janet.settings', '{}');
    expect(await browser.tab().ended()).toBeNull();
    expect(Object.keys(browser.storage)).toEqual(['janet.settings']);
  });

  it('is nobody’s concern in a browser that keeps nothing', async () => {
    const openings = new Openings(null, null);
    (await openings.begin(FOX))();
    expect(await openings.ended()).toBeNull();
  });
});
