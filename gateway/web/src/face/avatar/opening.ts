/**
 * Whether the page ended while it opened an avatar: one that takes the page with it is not opened again by itself.
 * Each opening leaves a mark in the browser for as long as it lasts, and holds a lock of the same name, which goes
 * with its tab: a mark without a lock is one of a page that ended. Another tab that is opening one now has both.
 */

/** What a mark says. */
export interface Opened {
  /** Of the file. */
  readonly name: string;
  /** Whether it was chosen then; otherwise it was the one that is kept. */
  readonly isNew: boolean;
}

const PREFIX = 'janet.avatar.opening.';
/** Without locks, as on a page without TLS: nothing takes so long (ms) to open. */
const LONGEST_MS = 30_000;

export class Openings {
  private readonly mine = new Set<string>();

  /** `storage`: null where the browser keeps nothing, and then brings nothing back, either. */
  constructor(
    private readonly storage: Storage | null = storageOf(),
    private readonly locks: LockManager | null = (navigator as Partial<Navigator>).locks ?? null,
    private readonly now: () => number = Date.now,
  ) {}

  /** Leaves a mark; call what it gives once it is over, however it ended. */
  async begin(opened: Opened): Promise<() => void> {
    const key = `${PREFIX}${[...crypto.getRandomValues(new Uint32Array(2))].join('-')}`;
    const letGo = await this.hold(key);
    this.mine.add(key);
    try {
      this.storage?.setItem(key, JSON.stringify({ ...opened, at: this.now() }));
    } catch {
      // No room.
    }
    return () => {
      this.forget(key);
      letGo();
    };
  }

  /** The page is left while it goes on: nothing has come of it, and nothing is known against it. */
  leave(): void {
    for (const key of this.mine) this.forget(key);
  }

  /** What was being opened when a page ended, at the last time; null: nothing. Told once. */
  async ended(): Promise<Opened | null> {
    if (this.storage === null) return null;
    const held = await this.held();
    let last: (Opened & { at: number }) | null = null;
    for (const key of Object.keys(this.storage).filter((one) => one.startsWith(PREFIX))) {
      const mark = readMark(this.storage.getItem(key));
      if (this.mine.has(key) || (held === null ? mark !== null && Math.abs(this.now() - mark.at) < LONGEST_MS : held.has(key))) continue;
      this.storage.removeItem(key);
      if (mark !== null && (last === null || mark.at > last.at)) last = mark;
    }
    return last === null ? null : { name: last.name, isNew: last.isNew };
  }

  private forget(key: string): void {
    this.mine.delete(key);
    this.storage?.removeItem(key);
  }

  /** Resolves once the lock is held; to what gives it back. */
  private hold(key: string): Promise<() => void> {
    return new Promise((resolve) => {
      const none = (): void => resolve(() => undefined);
      if (this.locks === null) none();
      else this.locks.request(key, () => new Promise<void>((letGo) => resolve(letGo))).catch(none);
    });
  }

  /** Locks of all tabs; null where there are none. */
  private async held(): Promise<ReadonlySet<string> | null> {
    try {
      const { held } = (await this.locks?.query()) ?? {};
      return held === undefined ? null : new Set(held.flatMap(({ name }) => name ?? []));
    } catch {
      return null;
    }
  }
}

function storageOf(): Storage | null {
  try {
    return localStorage;
  } catch {
    return null;
  }
}

function readMark(text: string | null): (Opened & { at: number }) | null {
  try {
    const { name, isNew, at } = JSON.parse(text ?? '') as Record<string, unknown>;
    return typeof name === 'string' && typeof isNew === 'boolean' && typeof at === 'number' ? { name, isNew, at } : null;
  } catch {
    return null;
  }
}
