/**
 * Avatars in the page: a file by the button and one dropped, what is refused and why, and that the chosen
 * one is there again after a reload. The files are made here.
 *
 *   node avatar.mjs --url URL --out DIR
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AVATARS, avatar, container, OVR, parts } from '../../gateway/web/dev/avatars.mjs';
import { isAccessible } from './lib/axe.mjs';
import { openPage } from './lib/page.mjs';
import { readArguments, Report } from './lib/tap.mjs';
import { checkHealth } from './lib/turn.mjs';

const args = readArguments('avatar.mjs --url URL --out DIR', ['url', 'out']);
const report = new Report();
mkdirSync(args.out, { recursive: true });

function file(name, bytes) {
  const path = join(args.out, name);
  writeFileSync(path, new Uint8Array(bytes));
  return path;
}

/** One whose picture lies elsewhere. */
function elsewhere() {
  const { json, bin } = parts({ targets: OVR });
  json.images = [{ uri: 'https://example.org/skin.png' }];
  return container(json, bin);
}

/** One with a picture in it: the smallest PNG there is. */
function painted() {
  const { json, bin } = parts({ targets: OVR });
  json.images = [{ uri: 'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==' }];
  json.textures = [{ source: 0 }];
  json.materials[0].emissiveTexture = { index: 0 };
  return container(json, bin);
}

const janet = await openPage({ url: args.url, out: args.out, face: true });
const { page } = janet;
const worn = () => page.locator('#avatar-name').textContent();
const told = () => page.locator('#avatar-told').textContent();
const isWorn = (name) => janet.until((s) => s.avatar.kind === 'avatar' && s.avatar.name === name, 10_000);

try {
  report.ok(await janet.until((s) => s.link === 'open', 20_000), 'the page is there');
  await page.click('#settings-open');
  report.ok(await janet.holds(() => !document.querySelector('#avatar-field').hidden, 10_000), 'an avatar can be chosen');
  report.ok((await worn()) === 'Janet’s own head', 'she has her own head', await worn());

  await janet.until((s) => s.face.frames > 2, 20_000);
  const { held } = (await janet.stats()).face;
  for (const [name, make] of Object.entries({ vrm1: AVATARS.vrm1, vrm0: AVATARS.vrm0, arkit: AVATARS.arkit, jaw: AVATARS.jaw, painted })) {
    await page.setInputFiles('#avatar-file', file(`${name}.glb`, make()));
    report.ok(await isWorn(`${name}.glb`), `${name} is put on`, await told());
    await janet.shot(`avatar-${name}`);
  }
  await isAccessible(janet, report, 'avatar');

  const refused = [
    ['cut.glb', AVATARS.ovr().slice(0, 5_000), 'not whole'],
    ['page.glb', new TextEncoder().encode('<!doctype html><title>404</title>'), 'web page'],
    ['elsewhere.glb', elsewhere(), 'images[0].uri'],
    ['mute.glb', AVATARS.mute(), 'cannot be moved'],
  ];
  for (const [name, bytes, words] of refused) {
    await page.setInputFiles('#avatar-file', file(name, bytes));
    report.ok(await janet.holds(`document.querySelector('#avatar-told').textContent.includes(${JSON.stringify(words)})`, 5_000), `${name} is refused, and it is said why`, await told());
  }
  report.ok((await worn()) === 'painted.glb', 'what was put on before stays on', await worn());
  await page.click('#avatar-own');
  report.ok(held > 0 && (await janet.until((s) => s.avatar.kind === 'own' && s.face.held === held, 5_000)), 'taken off, they leave nothing on the graphics card', `${held} before, ${(await janet.stats()).face.held} after`);
  await page.setInputFiles('#avatar-file', file('painted.glb', painted()));
  await isWorn('painted.glb');
  await page.keyboard.press('Escape');

  const base64 = Buffer.from(avatar({ targets: OVR })).toString('base64');
  /** Files over the page; `types` says how far that goes. */
  const drag = (files, types) =>
    page.evaluate(
      ([given, data, kinds]) => {
        const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
        const transfer = new DataTransfer();
        for (const [name, type] of given) transfer.items.add(new File([bytes], name, { type }));
        for (const kind of kinds) document.querySelector('#log').dispatchEvent(new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: transfer }));
        const overlay = document.querySelector('#drop');
        return overlay.checkVisibility() ? overlay.innerText : '';
      },
      [files, base64, types],
    );
  const one = [['dropped.glb', '']];
  const over = await drag(one, ['dragenter', 'dragover']);
  report.ok(over.includes('Drop a VRM or GLB file to dress Janet') && over.includes('no pictures'), 'a file that is dragged over the page sees where it goes', over);
  await janet.shot('avatar-drop');
  report.ok((await drag([['cat.png', 'image/png']], ['dragover'])).includes('no avatar'), 'a picture sees that it is none');
  report.ok(await janet.holds(() => document.querySelector('#drop').hidden, 3_000), 'one that is taken away again leaves the page as it was');
  const errors = page.locator('.entry.error', { hasText: 'one avatar at a time' });
  await drag([['a.glb', ''], ['b.glb', '']], ['dragover', 'drop']);
  await errors.waitFor({ timeout: 5_000 }).catch(() => undefined);
  report.ok((await errors.count()) === 1 && (await worn()) === 'painted.glb', 'of two that are dropped at once none is taken, and it is said why');
  report.ok((await drag(one, ['dragenter', 'dragover', 'drop'])) === '', 'once it is dropped the page does not wait for more');
  report.ok(await isWorn('dropped.glb'), 'one that is dropped onto the page is put on');
  await page.click('#settings-open');
  report.ok((await drag(one, ['dragover'])).includes('dress Janet'), 'it sees so over an open dialog, too');
  await janet.shot('avatar-drop-dialog');
  await page.locator('label:has(#face-on)').click();
  const left = await drag(one, ['dragover', 'drop']);
  const hidden = await page.locator('.entry.error', { hasText: 'not shown' }).waitFor({ state: 'attached', timeout: 5_000 }).then(() => true, () => false);
  report.ok(left === '' && hidden, 'where her face is hidden it is not taken, and not opened in place of the page either');
  await page.locator('label:has(#face-on)').click();
  await page.keyboard.press('Escape');

  // Another tab opens one at this moment.
  const other = await janet.context.newPage();
  await other.goto(args.url);
  await other.evaluate(() => new Promise((resolve) => void navigator.locks.request('janet.avatar.opening.other', () => (resolve(), new Promise(() => undefined)))));
  await other.evaluate(() => localStorage.setItem('janet.avatar.opening.other', JSON.stringify({ name: 'dropped.glb', isNew: false, at: Date.now() })));

  await page.reload();
  report.ok(await isWorn('dropped.glb'), 'after a reload it is there again, whatever another tab opens');
  await other.close();
  await page.reload();
  report.ok(await janet.until((s) => s.face.state === 'shown', 20_000) && (await page.locator('.entry.error', { hasText: 'ended while it opened dropped.glb' }).waitFor({ timeout: 5_000 }).then(() => true, () => false)), 'that it ended there is known once that tab is gone');
  await page.setInputFiles('#avatar-file', file('again.glb', avatar({ targets: OVR })));
  report.ok(await isWorn('again.glb'), 'and it may be chosen again');
  await page.click('#settings-open');
  await page.click('#avatar-own');
  report.ok(await janet.until((s) => s.avatar.kind === 'own', 5_000), 'and can be taken off');
  await page.reload();
  report.ok(await janet.until((s) => s.link === 'open', 20_000), 'for good:');
  await page.click('#settings-open');
  await janet.holds(() => !document.querySelector('#avatar-field').hidden, 10_000);
  report.ok((await worn()) === 'Janet’s own head', 'she has her own head again', await worn());
  await checkHealth(janet, report);
} finally {
  await janet.close();
}
process.exit(report.end());
