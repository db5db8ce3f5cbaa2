/**
 * Typed chat: answers stream, bad input is explained, a reload resumes, a second window takes over,
 * a page with no microphone says what to do, and the sample question works there.
 *
 *   node text.mjs --url URL --out DIR
 */
import { openPage } from './lib/page.mjs';
import { readArguments, Report } from './lib/tap.mjs';
import { ANSWER_MS } from './lib/turn.mjs';

const args = readArguments('text.mjs --url URL --out DIR', ['url', 'out']);
const report = new Report();
const janet = await openPage({ url: args.url, out: args.out });
const { page } = janet;
const bubbles = (kind) => page.locator(`#entries .entry.${kind}:not(.partial):not(.thinking)`);

try {
  report.ok(await janet.until((s) => s.status === 'ready', 120_000), 'the page connects and the models are ready');
  await janet.shot('text-welcome');
  await page.fill('#text', 'Say hello in one short sentence.');
  await page.keyboard.press('Enter');
  await janet.drawn();
  report.ok((await bubbles('user').count()) === 1, 'the message stands in the chat at once');
  report.ok((await page.inputValue('#text')) === '', 'the box is empty again');
  report.ok(await janet.until((s) => s.answers.length === 1, ANSWER_MS), 'an answer comes');
  const first = (await janet.stats()).answers[0]?.text ?? '';
  report.ok(first.trim() !== '' && (await bubbles('assistant').first().innerText()).includes(first.trim()), 'and is shown', first);
  await janet.shot('text-answered');

  await page.evaluate(() => document.querySelector('#text').focus());
  await page.keyboard.type('line one');
  await page.keyboard.press('Shift+Enter');
  await page.keyboard.type('line two');
  report.ok((await page.inputValue('#text')) === 'line one\nline two', 'Shift+Enter makes a line');
  await page.fill('#text', '   ');
  await janet.drawn();
  report.ok(await page.locator('#send').isDisabled(), 'nothing to send: the button is off');

  await page.evaluate(() => {
    document.querySelector('#text').maxLength = 200_000;
  });
  await page.fill('#text', 'x'.repeat(20_000));
  await page.keyboard.press('Enter');
  const refused = await janet.until((s) => s.errors.length > 0 || s.answers.length > 1, ANSWER_MS);
  const afterLong = await janet.stats();
  report.ok(refused && afterLong.link === 'open', 'a message over the limit leaves the connection open', afterLong.errors.join(', '));
  if (afterLong.errors.length > 0) {
    report.ok((await page.locator('.entry.error').last().innerText()).length > 20, 'its error says what to do');
  }
  await janet.shot('text-error');

  const said = await bubbles('user').first().innerText();
  await page.reload();
  report.ok(await janet.until((s) => s.status === 'ready', 30_000), 'after a reload the page is ready again');
  await page.waitForSelector('#entries .entry.assistant:not(.thinking)', { timeout: 10_000 }).catch(() => undefined);
  await janet.drawn();
  report.ok((await bubbles('user').first().innerText().catch(() => '')) === said, 'and shows the conversation so far');
  await janet.shot('text-resumed');

  const twin = await janet.context.newPage();
  const id = await page.evaluate(() => sessionStorage.getItem('janet.client_id'));
  await twin.addInitScript((known) => sessionStorage.setItem('janet.client_id', known), id);
  await twin.goto(args.url);
  const taken = await janet.until((s) => s.link === 'waiting', 10_000);
  if (taken) {
    const told = page.locator('#banner').waitFor({ state: 'visible', timeout: 5_000 });
    report.ok(await told.then(() => true, () => false), 'a second window takes over, and the first says so');
    await janet.shot('text-elsewhere');
    await twin.close();
    await page.click('#retry');
    report.ok(await janet.until((s) => s.link === 'open', 10_000), '"Use it here" takes it back');
  } else {
    report.note('this server lets two windows share a conversation');
    await twin.close();
  }

  await page.click('#mic');
  report.ok(await janet.until((s) => s.micState !== 'opening' && s.micState !== 'off', 10_000), 'with no microphone the page notices');
  await page.locator('#mic-trouble').waitFor({ timeout: 5_000 }).catch(() => undefined);
  report.ok(await page.locator('#mic-trouble').isVisible(), 'and says what to do', await page.locator('#mic-trouble').innerText());
  await janet.shot('text-no-microphone');

  const heard = (await janet.stats()).transcripts.length;
  await page.click('#sample');
  report.ok(await janet.until((s) => s.micState === 'sample', 10_000), 'the sample question plays');
  await page.waitForTimeout(1_200);
  await janet.shot('text-sample');
  report.ok(await janet.until((s) => s.transcripts.length > heard, ANSWER_MS), 'it is transcribed');
  report.ok(await janet.until((s) => s.play.peak > 0.02, ANSWER_MS), 'its answer is heard');
  await janet.shot('text-sample-answer');
  const stats = await janet.stats();
  report.note(`heard: ${stats.transcripts.at(-1)}`);
  await page.keyboard.press('Escape');
  report.ok(await janet.until((s) => s.voice.some((v) => v.state === 'stopped' || v.state === 'finished'), 5_000), 'Escape silences her');
  report.ok(stats.unreadable.length === 0, 'every text frame could be read', stats.unreadable.join('; '));
  report.ok(janet.problems.length === 0, 'the browser reported no problem', janet.problems.join('; '));
} finally {
  await janet.close();
}
process.exit(report.end());
