/**
 * The page for everybody: what axe finds in each of its states, and what people without a mouse, with
 * a phone, or with a server in trouble meet.
 *
 *   node a11y.mjs --url URL --out DIR
 */
import { isAccessible } from './lib/axe.mjs';
import { openPage } from './lib/page.mjs';
import { readArguments, Report } from './lib/tap.mjs';
import { ANSWER_MS } from './lib/turn.mjs';
import { Wire } from './lib/wire.mjs';

const args = readArguments('a11y.mjs --url URL --out DIR', ['url', 'out']);
const report = new Report();
const wire = new Wire();
/** As with a speech server; the real one beside these tests has nothing to choose, and refuses what is chosen. */
const list = (...names) => [{ id: 'auto', name: names[0] }, ...names.map((name) => ({ id: `server:${name}`, name }))];
const lists = { voices: list('alloy', 'whistle'), language_models: list('parrot:1b', 'a-model-of-a-very-long-name-that-no-dialog-can-hold-whole:70b-instruct-q4_K_M') };
lists.language_models.push({ id: 'own', name: 'small' });
const offering = (message) => (message.type === 'context' ? { ...message, data: { ...message.data, ...lists } } : message);
const loading = (message) => {
  if (message.type === 'connected') return { ...message, status: 'models_loading' };
  if (message.type !== 'context') return message;
  const trouble = [
    { role: 'llm', why: 'http://127.0.0.1:9/v1: it cannot be reached' },
    { role: 'tts', why: 'http://127.0.0.1:9/v1: it answers 500' },
  ];
  const data = { ...message.data, status: 'models_loading', loading: { stage: 'language model', done: 0.45 }, trouble };
  return { ...message, data };
};
wire.rewrite(loading);
const janet = await openPage({ url: args.url, out: args.out, before: wire.install });
const { page } = janet;
const visible = (selector) => page.locator(selector).waitFor({ state: 'visible', timeout: 10_000 }).then(() => true, () => false);
const text = (selector) => page.locator(selector).innerText();
const sideways = () => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

try {
  report.ok(await visible('#loading'), 'while the models load, the page says so');
  report.ok(await janet.holds(() => document.querySelector('#loading').value === 0.45, 5_000), 'and how far they are');
  report.ok((await text('#banner-text')).includes('language model'), 'and at which', await text('#banner-text'));
  const told = await page.locator('.entry.error').allInnerTexts();
  report.ok(told.length === 2 && told[0].includes('language server') && told[0].includes('cannot be reached'), 'a language server that is down is told', told.join(' | '));
  report.ok(told[1]?.includes('speech server') && told[1].includes('own voice'), 'so is a speech server, and who speaks meanwhile', told.join(' | '));
  report.ok(await page.locator('#mic').isDisabled(), 'what cannot be done yet cannot be pressed');
  await isAccessible(janet, report, 'loading');
  wire.rewrite((message) => message);
  report.ok(await janet.until((s) => s.status === 'ready', 120_000), 'then it is ready by itself');
  report.ok(await janet.holds(() => document.querySelector('#banner').hidden, 5_000), 'and the banner is gone');

  await page.reload();
  await janet.until((s) => s.status === 'ready', 20_000);
  report.ok((await visible('#welcome')) && (await visible('#hint')), 'a first visit shows what one can do');
  await isAccessible(janet, report, 'first-run');
  report.ok((await page.locator('#voice-field').isHidden()) && (await page.locator('#model-field').isHidden()), 'with one voice and one model there is none to choose');
  await page.click('#hint-close');
  wire.rewrite(offering);
  await page.reload();
  await janet.until((s) => s.status === 'ready', 20_000);
  report.ok(await page.locator('#hint').isHidden(), 'a hint put away stays away');

  const deltas = [];
  await page.exposeFunction('noteAnnounced', (said) => deltas.push(said));
  await page.evaluate(() => {
    const region = document.querySelector('#announce');
    new MutationObserver((changes) => {
      for (const { addedNodes } of changes) for (const node of addedNodes) window.noteAnnounced(node.textContent);
    }).observe(region, { childList: true, subtree: true, characterData: true });
  });
  await page.fill('#text', 'Say hello in one short sentence.');
  await page.keyboard.press('Enter');
  report.ok(await janet.until((s) => s.answers.length === 1, ANSWER_MS), 'an answer comes');
  const answer = (await janet.stats()).answers[0].text.trim();
  await janet.holds(() => document.querySelector('#announce').childElementCount > 0, 5_000);
  report.ok(deltas.length === 1 && deltas[0].includes(answer), 'a screen reader is given it once, whole', deltas.join(' | '));
  await isAccessible(janet, report, 'answered');

  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.click('#copy');
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  report.ok(copied.includes('You: Say hello') && copied.includes(`Janet: ${answer}`), 'the conversation can be copied', copied);
  const saved = page.waitForEvent('download', { timeout: 5_000 });
  await page.click('#save');
  report.ok(/^janet-.*\.txt$/.test((await saved).suggestedFilename()), 'and saved');

  await page.click('#settings-open');
  await isAccessible(janet, report, 'settings');
  const speedBefore = (await janet.stats()).applied?.voiceSpeed;
  await page.focus('#voice-speed');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  await page.check('#sensitivity-low', { force: true });
  report.ok(
    await janet.until((s) => s.applied?.voiceSpeed === 1.2 && s.applied.sensitivity === 'low', 5_000),
    'the server confirms speed and sensitivity',
    `${speedBefore} → ${JSON.stringify((await janet.stats()).applied)}`,
  );
  await page.selectOption('#model', 'own');
  report.ok(await janet.until((s) => s.applied?.model === 'own', 5_000), 'the server confirms her own model');
  const errorsOfChoice = page.locator('.entry.error', { hasText: 'That voice is not there' });
  await page.selectOption('#voice', 'server:whistle');
  report.ok(await janet.holds(() => document.querySelector('#voice').value === 'auto', 5_000), 'a voice that is refused is not shown as chosen');
  // In the dialog: what is behind it no screen reader can reach.
  const refused = page.locator('#settings #voice-refused[role=status]');
  report.ok((await refused.innerText()).includes('That voice is not there'), 'and the page says why, beside the list', await refused.innerText());
  const describedBy = await page.locator('#voice').getAttribute('aria-describedby');
  report.ok(describedBy.split(' ').includes('voice-refused'), 'as a part of what describes it', describedBy);
  report.ok((await errorsOfChoice.count()) === 0, 'and not in the chat behind it as well');
  wire.rewrite((message) => message);
  await page.check('#theme-dark', { force: true });
  await page.check('#text-size-largest', { force: true });
  await isAccessible(janet, report, 'settings-dark-largest');
  await page.keyboard.press('Escape');
  report.ok(await page.locator('#settings').isHidden(), 'Escape closes the settings');
  report.ok((await page.evaluate(() => document.activeElement.id)) === 'settings-open', 'and the focus goes back where it was');
  await page.click('#settings-open');
  report.ok(await janet.holds(() => document.querySelector('#voice-refused').textContent === '', 5_000), 'opened again, they say nothing of what was refused');
  await page.keyboard.press('Escape');
  await page.reload();
  report.ok(await janet.until((s) => s.applied?.voiceSpeed === 1.2 && s.applied.sensitivity === 'low', 20_000), 'a reload keeps the settings, and they hold again');
  const first = wire.said.find((message) => message.type === 'settings_set');
  report.ok(first?.model === 'own', 'her own model is asked for with the first of them, before any list has come', JSON.stringify(first));
  report.ok((await errorsOfChoice.count()) === 0 && (await refused.textContent()) === '', 'a voice that is not there any more is nothing to complain about');
  report.ok((await page.evaluate(() => document.documentElement.dataset.theme)) === 'dark', 'also the colours');
  report.ok(await visible('.entry.assistant .said'), 'and shows the conversation');
  await isAccessible(janet, report, 'dark');

  await page.setViewportSize({ width: 360, height: 640 });
  report.ok((await sideways()) <= 0, 'the largest text fits a small phone', `${await sideways()} px too wide`);
  await isAccessible(janet, report, 'phone-largest');
  await page.setViewportSize({ width: 320, height: 568 });
  report.ok((await sideways()) <= 0, 'and the smallest one', `${await sideways()} px too wide`);
  await page.setViewportSize({ width: 360, height: 640 });
  await page.evaluate(() => delete document.documentElement.dataset.text);
  report.ok((await sideways()) <= 0, 'a small phone needs no scrolling sideways', `${await sideways()} px too wide`);
  const small = await page.evaluate(() =>
    [...document.querySelectorAll('button, summary, .segmented label, .switch, textarea')]
      .filter((e) => e.checkVisibility() && !e.closest('dialog:not([open])'))
      .map((e) => ({ name: e.id || e.textContent.trim(), box: e.getBoundingClientRect() }))
      .filter(({ box }) => box.height < 44 || box.width < 44)
      .map(({ name, box }) => `${name}: ${Math.round(box.width)}×${Math.round(box.height)}`),
  );
  report.ok(small.length === 0, 'everything on it is large enough for a finger', small.join(', '));
  await page.click('#about-open');
  await isAccessible(janet, report, 'phone-about');
  await page.click('#about-open');
  await page.setViewportSize({ width: 360, height: 320 });
  await page.focus('#text');
  const box = await page.locator('#text').boundingBox();
  report.ok(box !== null && box.y >= 0 && box.y + box.height <= 320, 'with a keyboard over half of it the text box is in view', JSON.stringify(box));
  await janet.shot('a11y-phone-keyboard');
  await page.setViewportSize({ width: 1280, height: 860 });

  wire.up = false;
  await wire.cut();
  report.ok(await janet.until((s) => s.link === 'waiting', 10_000), 'the server goes away');
  report.ok(await janet.holds(() => /in \d+ s/.test(document.querySelector('#banner-text').textContent), 10_000), 'the page says when it tries again', await text('#banner-text'));
  report.ok((await text('#link')) === 'Disconnected', 'the status says so, too');
  await isAccessible(janet, report, 'disconnected');
  wire.up = true;
  report.ok(await janet.until((s) => s.link === 'open' && s.status === 'ready', 30_000), 'and it comes back by itself');

  await page.evaluate(() => {
    navigator.mediaDevices.getUserMedia = async () => new AudioContext().createMediaStreamDestination().stream;
  });
  wire.rewrite((message) => {
    if (message.type === 'audio_ready') return { type: 'error', code: 'overloaded', message: 'busy', request_id: message.request_id };
    return message.type === 'context' ? { ...message, data: { ...message.data, busy: true } } : message;
  });
  const errorsBefore = await page.locator('.entry.error').count();
  const pressed = Date.now();
  await page.click('#mic');
  report.ok(await janet.until((s) => s.errors.includes('overloaded') && s.micState === 'off', 4_000), 'a microphone that is refused is off at once', `${Date.now() - pressed} ms`);
  report.ok((await page.locator('.entry.error').count()) === errorsBefore + 1, 'with one error, no two');
  report.ok((await text('.entry.error >> nth=-1')).includes('turn the microphone on again'), 'which says what to do', await text('.entry.error >> nth=-1'));
  // Longer than it takes the page to ask twice.
  await page.waitForTimeout(3_500);
  report.ok((await text('#link')) === 'Busy', 'for as long as the server is busy the page says so', await text('#link'));
  report.ok((await page.locator('#text').getAttribute('placeholder')) === 'Message Janet', 'and typing goes on');
  await isAccessible(janet, report, 'refused');
  wire.rewrite((message) => message);
  report.ok(await janet.until((s) => s.status === 'ready', 5_000), 'and then no more');

  for (const [name, words] of [
    ['NotAllowedError', 'allow the microphone'],
    ['NotFoundError', 'Plug one in'],
    ['NotReadableError', 'Close it there'],
  ]) {
    await page.evaluate((reason) => {
      navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', reason));
    }, name);
    await page.click('#mic');
    await page.getByText(words).waitFor({ timeout: 5_000 }).catch(() => undefined);
    report.ok((await text('#mic-trouble')).includes(words), `${name}: the page says what to do`, await text('#mic-trouble'));
  }
  await isAccessible(janet, report, 'no-microphone');

  await page.click('#clear');
  report.ok((await visible('#welcome')) && (await page.locator('.entry.assistant:not(.thinking)').count()) === 0, 'the conversation can be cleared from view');
  report.ok(janet.problems.length === 0, 'the browser reported no problem', janet.problems.join('; '));
} finally {
  await janet.close();
}
process.exit(report.end());
