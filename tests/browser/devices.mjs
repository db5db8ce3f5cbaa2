/**
 * Microphone and speaker are chosen in the settings, by keyboard as well; one that is lost is replaced,
 * and the conversation goes on.
 *
 *   node devices.mjs --url URL --wav QUESTION.wav --out DIR
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { isAccessible } from './lib/axe.mjs';
import { openPage } from './lib/page.mjs';
import { readArguments, Report } from './lib/tap.mjs';
import { startCall } from './lib/turn.mjs';
import { writeScript } from './lib/wav.mjs';

const args = readArguments('devices.mjs --url URL --wav FILE --out DIR', ['url', 'wav', 'out']);
const report = new Report();
mkdirSync(args.out, { recursive: true });
const recording = join(args.out, 'devices-microphone.wav');
writeScript(recording, [{ silence: 120 }]);

/** Notes which microphone is opened, and lets the test unplug one. */
function watch() {
  const devices = navigator.mediaDevices;
  const open = devices.getUserMedia.bind(devices);
  const list = devices.enumerateDevices.bind(devices);
  window.__opened = [];
  window.__echo = [];
  window.__unplugged = null;
  devices.getUserMedia = async (wanted) => {
    const id = wanted.audio.deviceId?.exact ?? '';
    if (id !== '' && id === window.__unplugged) throw new DOMException('', 'OverconstrainedError');
    const stream = await open(wanted);
    window.__track = stream.getAudioTracks()[0];
    window.__opened.push(id);
    window.__echo.push(wanted.audio.echoCancellation);
    return stream;
  };
  devices.enumerateDevices = async () => (await list()).filter(({ deviceId }) => deviceId !== window.__unplugged);
  window.__sinks = [];
  const sink = HTMLMediaElement.prototype.setSinkId;
  HTMLMediaElement.prototype.setSinkId = async function (id) {
    await sink.call(this, id);
    window.__sinks.push(this.sinkId);
  };
  window.__unplug = (id) => {
    window.__unplugged = id;
    // As a browser does it: the track has ended, then the list has changed.
    window.__track.stop();
    window.__track.dispatchEvent(new Event('ended'));
    devices.dispatchEvent(new Event('devicechange'));
  };
}

const janet = await openPage({ url: args.url, wav: recording, out: args.out, calls: true, before: (page) => page.addInitScript(watch) });
const { page } = janet;
const options = (list) => page.locator(`${list} option`).evaluateAll((all) => all.map(({ value, textContent }) => ({ value, name: textContent })));
const opened = () => page.evaluate(() => window.__opened);
const sent = async () => (await janet.stats()).call.packetsUp;
/** That packets go on for a second. */
const goesOn = async () => {
  const before = await sent();
  return janet.until((s) => s.call?.packetsUp > before + 40, 10_000);
};

try {
  await janet.until((s) => s.status === 'ready', 120_000);
  await page.click('#settings-open');
  report.ok((await options('#microphone')).every(({ name }) => name.trim() !== ''), 'no device is listed without a name');
  await page.keyboard.press('Escape');
  await startCall(janet, report);
  report.ok((await opened()).join() === '', 'the system’s microphone is what is used first');
  await page.click('#settings-open');
  report.ok(await janet.holds(() => document.querySelectorAll('#microphone option').length >= 3, 5_000), 'once it was allowed the microphones are listed');
  const microphones = await options('#microphone');
  report.note(microphones.map(({ name }) => name).join(' | '));
  const speakers = await options('#speaker');
  report.note(speakers.map(({ name }) => name).join(' | '));
  await isAccessible(janet, report, 'settings-devices');

  await page.focus('#microphone');
  await page.keyboard.press('ArrowDown');
  const chosen = await page.inputValue('#microphone');
  report.ok(chosen !== '' && chosen === microphones[1].value, 'an arrow key chooses the next one', chosen);
  report.ok(await janet.holds(() => window.__opened.length === 2, 5_000), 'it is opened at once');
  report.ok((await opened())[1] === chosen, 'it and no other');
  report.ok((await janet.stats()).micState === 'on' && (await goesOn()), 'and the conversation goes on with it');
  const speaker = speakers.at(-1).value;
  await page.selectOption('#speaker', speaker);
  report.ok(speaker !== '' && (await janet.holds(() => window.__sinks.length > 0, 5_000)), 'her voice changes to the chosen speaker at once');
  report.ok((await page.evaluate(() => window.__sinks.at(-1))) === speaker, 'and to no other');
  await page.keyboard.press('Escape');

  await page.evaluate((id) => window.__unplug(id), chosen);
  report.ok(await janet.holds(() => window.__opened.length === 3, 5_000), 'when it is unplugged another one is opened');
  report.ok((await opened())[2] === '', 'the system’s');
  report.ok((await janet.stats()).micState === 'on' && (await goesOn()), 'the microphone stays on');
  const notes = page.locator('.entry.note', { hasText: 'microphone is not there' });
  report.ok((await notes.count()) === 1, 'and the page says so, once', `${await notes.count()}`);
  await page.click('#settings-open');
  report.ok((await page.inputValue('#microphone')) === chosen, 'the choice is kept for the day it is back');
  report.ok((await page.locator('#microphone option:checked').innerText()).includes('not there'), 'and marked', await page.locator('#microphone option:checked').innerText());
  await page.setViewportSize({ width: 390, height: 844 });
  const wide = await page.evaluate(() => document.querySelector('#settings').scrollWidth - document.querySelector('#settings').clientWidth);
  report.ok(wide <= 0, 'on a phone the dialog fits', `${wide} px too wide`);
  await isAccessible(janet, report, 'settings-devices-phone');
  await page.keyboard.press('Escape');
  await page.setViewportSize({ width: 1280, height: 860 });

  await page.click('#mic');
  await page.evaluate(() => (window.__unplugged = null));
  await page.reload();
  await janet.until((s) => s.status === 'ready', 20_000);
  await page.click('#mic');
  report.ok(await janet.until((s) => s.micState === 'on', 15_000), 'after a reload');
  report.ok((await opened())[0] === chosen, 'the chosen microphone is used again', (await opened()).join());
  await janet.until((s) => s.call !== null, 5_000);
  await page.click('#settings-open');
  await page.uncheck('#echo', { force: true });
  report.ok(await janet.holds(() => window.__echo.length === 2, 5_000), 'another choice about echoes opens it anew');
  report.ok((await page.evaluate(() => window.__echo.join())) === 'true,false' && (await opened())[1] === chosen, 'the same one, without', await page.evaluate(() => window.__echo.join()));
  report.ok((await janet.stats()).micState === 'on' && (await goesOn()), 'and the conversation goes on');
  report.ok(janet.problems.length === 0, 'the browser reported no problem', janet.problems.join('; '));
} finally {
  await janet.close();
}
process.exit(report.end());
