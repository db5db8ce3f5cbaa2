/**
 * The red thread and Janet's questions, by the page alone: its server is played by the mock.
 *
 *   node trust-stop.mjs --url URL --out DIR
 */
import { SAFE_WORD } from '../../gateway/web/dev/mock-trust.mjs';
import { isAccessible } from './lib/axe.mjs';
import { FakeJanet } from './lib/fake-janet.mjs';
import { openPage } from './lib/page.mjs';
import { readArguments, Report } from './lib/tap.mjs';

const args = readArguments('trust-stop.mjs --url URL --out DIR', ['url', 'out']);
const report = new Report();
const SOON_MS = 5_000;
/** A question that has just come is answered by nothing. */
const SETTLED_MS = 650;

async function open(options = {}) {
  const fake = new FakeJanet(options);
  const janet = await openPage({ url: args.url, out: args.out, before: fake.install, options: options.page ?? {} });
  await janet.until((s) => s.status === 'ready', 20_000);
  const { page } = janet;
  const shown = (selector) => page.locator(selector).isVisible();
  const soon = (test, ms = SOON_MS) => janet.until(test, ms);
  const focus = () => page.evaluate(() => document.activeElement.id);
  const question = async (id) => {
    await page.waitForSelector('#consent[open]');
    return id;
  };
  // The call's view is the page's own: opened from here, the next thing that is drawn would close it again.
  const ring = async () => {
    fake.tell({ type: 'voip_incoming', call_id: 'r1', node_id: 'kitchen', caller: 'Kitchen' });
    await page.waitForSelector('#call[open]');
  };
  const ringsNoMore = async () => {
    fake.tell({ type: 'voip_ended', call_id: 'r1', reason: 'missed', duration_ms: 0 });
    await page.click('#call-close');
    await page.waitForSelector('#call[open]', { state: 'detached' });
  };
  return { fake, janet, page, shown, soon, focus, question, ring, ringsNoMore };
}

const answers = (fake) => fake.said.filter((message) => message.type === 'consent_response').map(({ consent_id, granted }) => `${consent_id} ${granted}`);

{
  const { fake, janet, page, shown, soon, focus, ring, ringsNoMore } = await open();
  try {
    report.ok(await shown('#red-thread'), 'the red thread is in the header');
    await isAccessible(janet, report, 'trust-home');
    for (const [name, opening, closing] of [
      ['the settings', () => page.click('#settings-open'), () => page.keyboard.press('Escape')],
      ['the help', () => page.keyboard.press('?'), () => page.keyboard.press('Escape')],
      ['her memory', () => page.click('#trust-memory'), () => page.keyboard.press('Escape')],
    ]) {
      await page.evaluate(() => document.activeElement?.blur());
      await opening();
      await janet.drawn();
      const button = page.locator('dialog[open] .red-thread');
      report.ok((await button.count()) === 1 && (await button.isVisible()), `it is in reach from ${name}`);
      const isFirst = await page.evaluate(() => document.activeElement.classList.contains('red-thread'));
      report.ok(!isFirst, 'and has not the focus by itself');
      await closing();
    }
    await ring();
    report.ok(await shown('#call .red-thread'), 'it is in reach from a call');
    await ringsNoMore();

    const before = fake.count('red_thread');
    await page.click('#red-thread');
    report.ok((await soon((s) => s.trust.stopped)) && fake.count('red_thread') === before + 1, 'one press stops everything');
    await page.waitForSelector('#stopped[open]');
    report.ok((await page.innerText('#stopped-where')) === 'kitchen' && (await page.innerText('#stopped-since')).length > 5, 'the page says since when, and where');
    await isAccessible(janet, report, 'trust-stopped');
    report.ok(await page.locator('#stopped-really').isHidden(), 'there is no second button before the first was pressed');

    await page.click('#stopped-clear');
    await page.waitForSelector('#stopped-really:not([hidden])');
    await page.locator('#stopped-really-clear').dispatchEvent('click');
    report.ok(fake.said.every((message) => message.token === undefined), 'a second press at once does nothing');
    const html = await page.evaluate(() => document.documentElement.outerHTML + JSON.stringify(window.__janet) + JSON.stringify(localStorage) + JSON.stringify(sessionStorage));
    report.ok(!/"t\d+"|>t\d+</.test(html), 'what the second press says stands nowhere in the page');
    await isAccessible(janet, report, 'trust-really');
    await page.waitForTimeout(1_200);
    await page.click('#stopped-really-clear');
    report.ok((await soon((s) => !s.trust.stopped)) && (await page.locator('#stopped').isHidden()), 'then it lets her go on');
    report.ok(fake.count('red_thread_clear') === 2, 'by two messages', String(fake.count('red_thread_clear')));

    await page.click('#trust-memory');
    await page.locator('#trust .red-thread').click();
    await page.waitForSelector('#stopped[open]');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    report.ok(await shown('#stopped-bar'), 'put away, it still stands over the page');
    await isAccessible(janet, report, 'trust-stopped-bar');
    await page.keyboard.press('?');
    await page.locator('#help .red-thread').click();
    report.ok(await shown('#stopped'), 'the button now leads to how she goes on, and stops nothing twice');
    await page.click('#stopped-with-word summary');
    await page.fill('#stopped-word', 'not the word');
    await page.keyboard.press('Enter');
    await page.locator('#stopped-told', { hasText: 'not the safe word' }).waitFor({ timeout: SOON_MS });
    report.ok((await page.inputValue('#stopped-word')) === '', 'a wrong safe word is told, and stays nowhere');
    await page.fill('#stopped-word', SAFE_WORD);
    await page.keyboard.press('Enter');
    report.ok(await soon((s) => !s.trust.stopped), 'the safe word lets her go on, too');
    await page.keyboard.press('Escape');

    fake.up = false;
    await fake.cut();
    await soon((s) => s.link === 'waiting');
    const told = fake.said.length;
    await page.click('#red-thread');
    report.ok(await janet.holds(() => document.querySelector('#stopped-bar-text').textContent.includes('as soon as there is a connection'), SOON_MS), 'pulled without a connection, the page says that it is not told yet');
    fake.up = true;
    report.ok(await soon((s) => s.trust.stopped, 20_000), 'and tells it on the next one');
    report.ok(fake.said[told]?.type === 'red_thread', 'before anything else', fake.said[told]?.type);
    await page.click('#stopped-clear');
    await page.waitForTimeout(1_300);
    await page.click('#stopped-really-clear');
    await soon((s) => !s.trust.stopped);

    // Questions.
    await page.focus('#text');
    fake.trust.ask('remember', 'May I remember that?', 'One thing more is kept.', () => undefined, { type: 'consent_request' });
    await page.waitForSelector('#consent[open]');
    report.ok((await focus()) === 'consent-no', 'a question has its focus on No', await focus());
    await page.keyboard.press('Enter');
    await page.keyboard.press(' ');
    await page.keyboard.press('Escape');
    report.ok((await shown('#consent')) && answers(fake).length === 0, 'keys of somebody who was typing answer nothing');
    report.ok((await page.innerText('#consent-how')).startsWith('Click Yes or No.'), 'nobody is told to say yes where nobody listens');
    await page.waitForTimeout(SETTLED_MS);
    await isAccessible(janet, report, 'trust-consent');
    await page.keyboard.press('Escape');
    await soon((s) => s.trust.questions === 0);
    report.ok(/ false$/.test(answers(fake).at(-1)), 'Escape is no', answers(fake).at(-1));
    report.ok((await focus()) === 'text', 'and the focus is back where one was typing', await focus());
    report.ok((await page.innerText('#entries')).includes('You said no: remember something.'), 'how it ended stands in the chat');

    await page.keyboard.down('Enter');
    fake.trust.ask('forget_all', 'Shall I forget everything?', 'All goes.', () => undefined, { needs_click: true });
    await page.waitForSelector('#consent[open]');
    // The key stays down: it begins to repeat, on a machine where that takes longer than the question was there.
    await page.waitForTimeout(SETTLED_MS);
    const until = Date.now() + 1_500;
    while (Date.now() < until) {
      await page.keyboard.down('Enter');
      await page.waitForTimeout(30);
    }
    await page.keyboard.up('Enter');
    report.ok((await shown('#consent')) && (await janet.stats()).trust.questions === 1, 'Enter held down from before answers nothing, for however long');
    report.ok((await page.innerText('#consent-how')).includes('a spoken yes is not enough'), 'where a click is needed the page says so');
    report.ok(/is a no in \d+ s/.test(await page.innerText('#consent-time')), 'and how long there is to answer', await page.innerText('#consent-time'));
    await page.waitForTimeout(SETTLED_MS);
    await page.click('#consent-yes');
    await soon((s) => s.trust.questions === 0);
    report.ok(/ true$/.test(answers(fake).at(-1)), 'a click on Yes is a yes');

    const [first, second, third] = ['one', 'two', 'three'].map((name) => fake.trust.ask('remember', `Question ${name}?`, 'x', () => undefined, { type: 'consent_request' }));
    await soon((s) => s.trust.questions === 3);
    report.ok((await page.innerText('#consent-prompt')) === 'Question one?' && (await page.innerText('#consent-count')).includes('3'), 'of several the first is asked, and how many there are');
    fake.trust.close(second, 'granted');
    await soon((s) => s.trust.questions === 2);
    report.ok((await page.innerText('#consent-prompt')) === 'Question one?', 'one that was answered by voice goes, and the one in view stays');
    fake.trust.close(first, 'expired');
    await soon((s) => s.trust.questions === 1);
    report.ok((await page.innerText('#consent-prompt')) === 'Question three?', 'the next one takes its place');
    await page.keyboard.press('Enter');
    report.ok((await janet.stats()).trust.questions === 1, 'and is not answered by what was meant for the one before');
    const number = answers(fake).length;
    await ring();
    await page.waitForTimeout(SETTLED_MS);
    await page.click('#consent-yes', { timeout: SOON_MS });
    await soon((s) => s.trust.questions === 0);
    report.ok(answers(fake).length === number + 1 && answers(fake).at(-1) === `${third} true`, 'a call that comes meanwhile does not hide it');
    await ringsNoMore();

    const grown = fake.trust.ask('export', 'Shall I write the names?', 'x', () => undefined);
    await page.waitForSelector('#consent[open]');
    await page.waitForTimeout(SETTLED_MS);
    const given = answers(fake).length;
    await page.focus('#consent-yes');
    fake.tell({ type: 'soul_check', consent_id: grown, conversation_uuid: 'u', action: 'export', prompt: 'Shall I write the secrets?', impact: 'All of them.', requires_response: true, expires_at: Date.now() + 30_000, needs_click: true });
    await page.locator('#consent-prompt', { hasText: 'the secrets?' }).waitFor({ timeout: SOON_MS });
    report.ok((await focus()) === 'consent-no', 'the same question with more to it is told like a new one', await focus());
    await page.evaluate(() => document.getElementById('consent-yes').click());
    report.ok(answers(fake).length === given, 'and a click that was meant for what it was is none');
    await page.waitForTimeout(SETTLED_MS);
    await page.click('#consent-no');
    await soon((s) => s.trust.questions === 0);
    report.ok(answers(fake).at(-1) === `${grown} false`, 'until it was there for a moment', answers(fake).at(-1));

    fake.trust.ask('transfer', 'Shall I move it?', 'x', () => undefined);
    await page.waitForSelector('#consent[open]');
    await page.locator('#consent .red-thread').click();
    report.ok((await soon((s) => s.trust.stopped && s.trust.questions === 0)) && (await page.locator('#consent').isHidden()), 'the red thread takes a question away');
    await page.click('#stopped-clear');
    await page.waitForTimeout(1_300);
    await page.click('#stopped-really-clear');
    await soon((s) => !s.trust.stopped);

    fake.rewrite = (message) => (message.type === 'consent_closed' ? null : message);
    fake.trust.ask('remember', 'Is anybody there?', 'x', () => undefined, { type: 'consent_request', ms: 1_000 });
    await page.waitForSelector('#consent[open]');
    report.ok(await janet.holds(() => document.querySelector('#consent-time').textContent.includes('that is a no'), SOON_MS), 'when its time is over the page says so');
    report.ok(await soon((s) => s.trust.questions === 0, 8_000), 'and takes it away although nobody says that it ended');
    fake.rewrite = (message) => message;

    await page.evaluate(() => {
      window.heard = [];
      const { start, stop } = AudioBufferSourceNode.prototype;
      AudioBufferSourceNode.prototype.start = function (...given) {
        window.heard.push(`for ${this.buffer.duration} s`);
        return start.apply(this, given);
      };
      AudioBufferSourceNode.prototype.stop = function (...given) {
        window.heard.push('silenced');
        return stop.apply(this, given);
      };
    });
    const asked = fake.trust.ask('remember', 'Shall I say it aloud?', 'x', () => undefined, { type: 'consent_request' });
    fake.tell({ type: 'consent_request_audio', consent_id: asked, conversation_uuid: 'u', audio: tone(), audio_format: 'wav' });
    report.ok(await janet.holds(() => window.heard.at(-1) === 'for 0.5 s', SOON_MS), 'where no stream carries her voice, a question is heard all the same');
    fake.trust.close(asked, 'denied');
    report.ok(await janet.holds(() => window.heard.at(-1) === 'silenced', SOON_MS), 'until it is over');
    fake.trust.ask('remember', 'And now?', 'x', () => undefined, { type: 'consent_request' });
    await page.waitForSelector('#consent[open]');
    fake.up = false;
    await fake.cut();
    report.ok((await soon((s) => s.trust.questions === 0)) && (await page.locator('#consent').isHidden()), 'a question goes with the connection');
    fake.up = true;
    const problems = janet.problems.filter((problem) => !problem.includes('WebSocket'));
    report.ok(problems.length === 0, 'the browser reported no problem', problems.join('; '));
  } finally {
    await janet.close();
  }
}

{
  const { fake, janet, page, shown, soon } = await open({ guest: true });
  try {
    report.ok((await shown('#red-thread')) && (await page.locator('#trust-section').isHidden()), 'a guest has the red thread, and nothing else of it');
    fake.trust.ask('remember', 'May I?', 'x', () => undefined);
    await page.waitForTimeout(300);
    report.ok(await page.locator('#consent').isHidden(), 'is asked nothing');
    await page.click('#red-thread');
    await soon((s) => s.trust.stopped);
    await page.waitForSelector('#stopped[open]');
    report.ok((await shown('#stopped-guest')) && !(await shown('#stopped-clear')), 'and may stop everything, but not let her go on');
    await isAccessible(janet, report, 'trust-guest');
  } finally {
    await janet.close();
  }
}

{
  const { fake, janet, page } = await open({ page: { viewport: { width: 320, height: 568 }, hasTouch: true, isMobile: true } });
  try {
    await page.evaluate(() => (document.documentElement.dataset.text = 'largest'));
    const small = await page.evaluate(() => [...document.querySelectorAll('.top button')].filter((e) => e.checkVisibility()).map((e) => ({ id: e.id, box: e.getBoundingClientRect() })).filter(({ box }) => box.width < 44 || box.height < 44 || box.right > innerWidth).map(({ id }) => id));
    report.ok(small.length === 0, 'on the smallest phone, in the largest text, the header holds them all', small.join(', '));
    fake.trust.ask('remember', 'May I remember a sentence that is so long that it does not fit onto any small phone, whichever way one holds it?', 'And what comes of it takes as many words again, so that one has to scroll for some time before all of it was read by somebody.', () => undefined);
    await page.waitForSelector('#consent[open]');
    const box = await page.locator('#consent-yes').boundingBox();
    report.ok(box !== null && box.y + box.height <= 568, 'and a long question has its answers in view', JSON.stringify(box));
    await isAccessible(janet, report, 'trust-consent-320');
  } finally {
    await janet.close();
  }
}

{
  const fake = new FakeJanet();
  fake.rewrite = (message) => (message.type === 'connected' ? { ...message, capabilities: [] } : message);
  const janet = await openPage({ url: args.url, out: args.out, before: fake.install });
  try {
    await janet.until((s) => s.status === 'ready', 20_000);
    report.ok((await janet.page.locator('#red-thread').isHidden()) && (await janet.page.locator('#trust-section').isHidden()), 'a server that offers nothing of it is shown nothing of it');
  } finally {
    await janet.close();
  }
}
process.exit(report.end());

/** Half a second of a tone, as a WAV file in Base64. */
function tone() {
  const [rate, samples] = [24_000, 12_000];
  const file = Buffer.alloc(44 + samples * 2);
  file.write('RIFF', 0);
  file.writeUInt32LE(36 + samples * 2, 4);
  file.write('WAVEfmt ', 8);
  [16, 0x0001_0001, rate, rate * 2].forEach((value, n) => file.writeUInt32LE(value, 16 + 4 * n));
  file.writeUInt16LE(2, 32);
  file.writeUInt16LE(16, 34);
  file.write('data', 36);
  file.writeUInt32LE(samples * 2, 40);
  for (let n = 0; n < samples; n += 1) file.writeInt16LE(Math.round(12_000 * Math.sin((2 * Math.PI * 440 * n) / rate)), 44 + 2 * n);
  return file.toString('base64');
}
