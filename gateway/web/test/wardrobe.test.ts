import { beforeEach, describe, expect, it, vi } from 'vitest';
import { AvatarError } from '../src/face/avatar/fault.js';
import type { KeptAvatar } from '../src/face/avatar/keep.js';
import { Openings, type Opened } from '../src/face/avatar/opening.js';
import { Wardrobe, type Worn } from '../src/face/avatar/wardrobe.js';
import type { Figure } from '../src/face/figure.js';

const browser = vi.hoisted(() => ({
  kept: null as KeptAvatar | null,
  /** By the first byte of a file: when it is loaded, and to what. */
  loads: new Map<number, Promise<unknown>>(),
}));

vi.mock('../src/face/avatar/keep.js', () => ({
  keptAvatar: async () => browser.kept,
  keepAvatar: async (avatar: KeptAvatar) => {
    browser.kept = avatar;
    return true;
  },
  forgetAvatar: async () => void (browser.kept = null),
}));
vi.mock('../src/face/avatar/load.js', () => ({ loadAvatar: (file: ArrayBuffer) => browser.loads.get(new Uint8Array(file)[0] ?? 0) }));

class Stage {
  readonly worn: Worn[] = [];
  readonly told: string[] = [];
  figure: Figure | null = null;
  readonly drawings: Array<() => void> = [];
  readonly wardrobe: Wardrobe;

  constructor(readonly openings = new Openings(null, null)) {
    this.wardrobe = new Wardrobe(
      {
        onFigure: (figure) => (this.figure = figure),
        drawn: () => new Promise((done) => this.drawings.push(done)),
        onWorn: (worn) => this.worn.push(worn),
        onTold: ({ title, todo }) => this.told.push(`${title} ${todo}`),
      },
      openings,
    );
  }

  get shown(): Worn | undefined {
    return this.worn.at(-1);
  }

  /** What was put on is on the screen. */
  draw(): void {
    this.drawings.splice(0).forEach((done) => done());
  }
}

let files = 0;

/** A file that becomes this figure. */
function file(name: string, becomes: Promise<unknown>): File {
  files += 1;
  browser.loads.set(files, becomes);
  // Loaded, and refused, before anybody looks.
  becomes.catch(() => undefined);
  return new File([new Uint8Array([files])], name);
}

function figure(): Figure {
  return { object: {}, head: {}, apply: () => undefined, dispose: vi.fn() } as unknown as Figure;
}

/** Lets what is under way go on until it waits for something else. */
async function settle(): Promise<void> {
  await vi.dynamicImportSettled();
  await new Promise((resolve) => setImmediate(resolve));
}

const refused = (): Promise<never> => Promise.reject(new AvatarError('corrupt', 'it is damaged'));

beforeEach(() => {
  browser.kept = null;
  browser.loads.clear();
  files = 0;
});

describe('who she is', () => {
  it('is the avatar once it was drawn, and it is kept', async () => {
    const stage = new Stage();
    const fox = figure();
    void stage.wardrobe.take(file('fox.vrm', Promise.resolve(fox)));
    await settle();
    expect(stage.shown).toEqual({ kind: 'opening', name: 'fox.vrm' });
    expect([stage.figure, browser.kept]).toEqual([fox, null]);
    stage.draw();
    await settle();
    expect(stage.shown).toEqual({ kind: 'avatar', name: 'fox.vrm' });
    expect(browser.kept).toMatchObject({ name: 'fox.vrm' });
  });

  it('stays where a file is refused, also one that is not even read', async () => {
    const stage = new Stage();
    await stage.wardrobe.take(file('bad.glb', refused()));
    expect(stage.shown).toEqual({ kind: 'own' });
    const large = { name: 'large.glb', size: 2 ** 30, arrayBuffer: () => Promise.reject(new Error()) } as unknown as File;
    const loading = stage.wardrobe.take(file('fox.vrm', Promise.resolve(figure())));
    await settle();
    await stage.wardrobe.take(large);
    await stage.wardrobe.take({ ...large, size: 1 } as File);
    stage.draw();
    await loading;
    expect(stage.shown).toEqual({ kind: 'avatar', name: 'fox.vrm' });
    expect(stage.told).toHaveLength(3);
  });

  it('is the last one of two that are opened at once', async () => {
    const stage = new Stage();
    let load: (figure: Figure) => void = () => undefined;
    const [slow, fast] = [figure(), figure()];
    void stage.wardrobe.take(file('slow.vrm', new Promise<Figure>((resolve) => (load = resolve))));
    await settle();
    void stage.wardrobe.take(file('fast.vrm', Promise.resolve(fast)));
    await settle();
    stage.draw();
    load(slow);
    await settle();
    expect(stage.figure).toBe(fast);
    expect(slow.dispose).toHaveBeenCalled();
    expect(stage.shown).toEqual({ kind: 'avatar', name: 'fast.vrm' });
  });

  it('is the earlier one of two that are read at once, if the later one cannot be read', async () => {
    const stage = new Stage();
    const slow = file('fox.vrm', Promise.resolve(figure()));
    let read: () => void = () => undefined;
    const bytes = await slow.arrayBuffer();
    const reading = { name: slow.name, size: slow.size, arrayBuffer: () => new Promise((done) => (read = () => done(bytes))) } as unknown as File;
    const loading = stage.wardrobe.take(reading);
    await stage.wardrobe.take({ name: 'gone.vrm', size: 1, arrayBuffer: () => Promise.reject(new Error()) } as unknown as File);
    read();
    await settle();
    stage.draw();
    await loading;
    expect(stage.shown).toEqual({ kind: 'avatar', name: 'fox.vrm' });
    expect(stage.told).toHaveLength(1);
  });

  it('is the later one of two that are read at once, whichever was read first', async () => {
    for (const order of [[0, 1], [1, 0]]) {
      const stage = new Stage();
      const [first, second] = [figure(), figure()];
      const reads: Array<() => void> = [];
      for (const becomes of [first, second]) {
        const real = file('any.vrm', Promise.resolve(becomes));
        const bytes = await real.arrayBuffer();
        void stage.wardrobe.take({ name: real.name, size: real.size, arrayBuffer: () => new Promise((done) => reads.push(() => done(bytes))) } as unknown as File);
      }
      for (const at of order) {
        reads[at]?.();
        await settle();
      }
      stage.draw();
      await settle();
      expect(stage.figure).toBe(second);
    }
  });

  it('is her own head, if she takes off while a file is being read', async () => {
    const stage = new Stage();
    let read: () => void = () => undefined;
    void stage.wardrobe.take({ name: 'fox.vrm', size: 1, arrayBuffer: () => new Promise((done) => (read = () => done(new ArrayBuffer(1)))) } as unknown as File);
    await stage.wardrobe.takeOff();
    read();
    await settle();
    expect([stage.figure, stage.shown]).toEqual([null, { kind: 'own' }]);
  });

  it('is the one that stands there, if the next one is refused while it was being drawn', async () => {
    const stage = new Stage();
    const fox = figure();
    void stage.wardrobe.take(file('fox.vrm', Promise.resolve(fox)));
    await settle();
    await stage.wardrobe.take(file('bad.glb', refused()));
    stage.draw();
    await settle();
    expect(stage.figure).toBe(fox);
    expect(stage.shown).toEqual({ kind: 'avatar', name: 'fox.vrm' });
    // And is there at the next visit.
    expect(browser.kept).toMatchObject({ name: 'fox.vrm' });
  });

  it('is her own head once it is taken off, whatever is still being opened', async () => {
    const stage = new Stage();
    let load: (figure: Figure) => void = () => undefined;
    void stage.wardrobe.take(file('slow.vrm', new Promise<Figure>((resolve) => (load = resolve))));
    await settle();
    await stage.wardrobe.takeOff();
    load(figure());
    await settle();
    expect([stage.figure, stage.shown, browser.kept]).toEqual([null, { kind: 'own' }, null]);
  });
});

describe('at the next visit', () => {
  const kept = (name: string, becomes: Promise<unknown>): KeptAvatar => {
    file(name, becomes);
    return { name, file: new Uint8Array([files]).buffer };
  };
  const endedWith = (opened: Opened | null): Openings => Object.assign(new Openings(null, null), { ended: async () => opened });

  /** The page is opened, and what stands there is drawn. */
  const opened = async (stage: Stage): Promise<void> => {
    const open = stage.wardrobe.open();
    await settle();
    stage.draw();
    await open;
  };

  it('the kept one is there, unless it cannot be opened any more', async () => {
    const stage = new Stage();
    browser.kept = kept('fox.vrm', Promise.resolve(figure()));
    await opened(stage);
    expect(stage.shown).toEqual({ kind: 'avatar', name: 'fox.vrm' });
    browser.kept = kept('bad.vrm', refused());
    await new Stage().wardrobe.open();
    expect(browser.kept).toBeNull();
  });

  it('the kept one stays kept where something hinders it that may pass', async () => {
    browser.kept = kept('fox.vrm', Promise.reject(new TypeError('Failed to fetch dynamically imported module')));
    const stage = new Stage();
    await stage.wardrobe.open();
    expect(browser.kept?.name).toBe('fox.vrm');
    expect(stage.told[0]).toContain('Reload the page');
  });

  it('the one that ended the page is not opened by itself', async () => {
    const stage = new Stage(endedWith({ name: 'fox.vrm', isNew: false }));
    browser.kept = kept('fox.vrm', Promise.resolve(figure()));
    await stage.wardrobe.open();
    expect([stage.figure, browser.kept]).toEqual([null, null]);
    expect(stage.told[0]).toContain('Janet keeps her own head');
  });

  it('the kept one is not blamed for one that was never worn', async () => {
    const stage = new Stage(endedWith({ name: 'owl.glb', isNew: true }));
    browser.kept = kept('fox.vrm', Promise.resolve(figure()));
    await opened(stage);
    expect(stage.shown).toEqual({ kind: 'avatar', name: 'fox.vrm' });
    expect(stage.told).toEqual(['The page ended while it opened owl.glb. fox.vrm stays; choose the file again to try once more.']);
  });
});
