/**
 * What is about trust, by clicks alone, with a real Janet: the red thread, her memory, a question, the vault, the log.
 * `./test` names the binary in JANET.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { findings } from './lib/axe.mjs';
import { openPage } from './lib/page.mjs';

const LOAD_MS = 120_000;
/** Hashing a safe word takes a second of a quiet machine, and embedding the first memory loads a model. */
const SOON_MS = 60_000;
/** A question that has just come is answered by nothing. */
const SETTLED_MS = 650;
const out = process.env.JANET_SHOTS ?? mkdtempSync(join(tmpdir(), 'janet-trust-'));
const data = join(mkdtempSync(join(tmpdir(), 'janet-trust-data-')), 'data');
const SAFE_WORD = 'seven slow herons at dusk';
const SECRET = 'planted-91-kettle';

let child = null;
let janet = null;
let page = null;

function serve() {
  const env = { ...process.env, JANET_CONVERSATION_DATA_DIR: data, JANET_LLM_SERVER: 'off', JANET_PROFILE: 'cpu', JANET_ENGINE_BUSY_AT: '1' };
  child = spawn(process.env.JANET, ['serve', '--port', '0'], { stdio: ['ignore', 'pipe', 'inherit'], env });
  return new Promise((resolve, reject) => {
    let said = '';
    child.on('error', reject);
    child.on('exit', (code) => reject(new Error(`janet serve ended with ${code}: ${said}`)));
    child.stdout.on('data', (text) => {
      said += text;
      const address = /http:\/\/\S+\//.exec(said);
      if (address !== null) resolve(address[0]);
    });
  });
}

before(async () => {
  assert.ok(process.env.JANET, 'JANET must name the binary (./test does)');
  janet = await openPage({ url: await serve(), out });
  page = janet.page;
  assert.ok(await janet.until((s) => s.status === 'ready', LOAD_MS), 'the page connects and the models are ready');
});

after(async () => {
  await janet?.close();
  if (child === null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
});

// What one test left open is not in the next one's way.
afterEach(() => page?.evaluate(() => document.querySelectorAll('dialog[open]').forEach((dialog) => dialog.close())));

const view = () => page.locator('#trust-view');
const press = (name) => view().getByRole('button', { name, exact: true }).click();
const told = (words) => view().locator('.told', { hasText: words }).first().waitFor({ timeout: SOON_MS });

async function open(name) {
  await page.click(`#trust-${name}`);
  await page.waitForSelector('#trust[open]');
}

async function close(name) {
  await janet.shot(`trust-real-${name}`);
  assert.deepEqual(await findings(page), [], `axe: ${name}`);
  await page.click('#trust-close');
}

async function answer(id) {
  await page.waitForSelector('#consent[open]', { timeout: SOON_MS });
  await page.waitForTimeout(SETTLED_MS);
  await page.click(id);
}

async function goOn() {
  await page.click('#stopped-clear');
  await page.waitForSelector('#stopped-really:not([hidden])', { timeout: SOON_MS });
  await page.waitForTimeout(1_300);
  await page.click('#stopped-really-clear');
  assert.ok(await janet.until((s) => !s.trust.stopped, SOON_MS), 'she goes on');
}

const remember = async (text) => {
  await view().getByLabel('Something to remember').fill(text);
  await press('Remember it');
  await view().locator('.memory-text', { hasText: text }).waitFor({ timeout: SOON_MS });
};

/** Names of files below the data folder that hold these bytes. */
function holders(words, folder = data) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .filter((path) => readFileSync(path).includes(words));
}

test('one press stops everything, and two clicks let her go on', async () => {
  await page.click('#red-thread');
  assert.ok(await janet.until((s) => s.trust.stopped, SOON_MS), 'everything is stopped');
  await page.waitForSelector('#stopped[open]');
  assert.notEqual(await page.innerText('#stopped-where'), '', 'the page says where');
  await janet.shot('trust-real-stopped');
  await page.keyboard.press('Escape');
  await page.reload();
  assert.ok(await janet.until((s) => s.trust.stopped, SOON_MS), 'a page that is opened then is told');
  await page.waitForSelector('#stopped[open]');
  await page.keyboard.press('Escape');
  await page.fill('#text', 'Say hello in one short sentence.');
  await page.keyboard.press('Enter');
  assert.ok(await janet.until((s) => s.errors.includes('red_thread'), SOON_MS), 'what is typed is refused meanwhile');
  await page.click('#red-thread');
  await goOn();
});

test('something is remembered by a click, found, and forgotten with proof', async () => {
  await open('memory');
  await remember('The cat of the house is called Minka.');
  await remember('Bread is bought on Saturdays.');
  await view().getByLabel('Search').fill('cat');
  await page.waitForTimeout(1_000);
  await view().locator('.memory-text', { hasText: 'Minka' }).waitFor({ timeout: SOON_MS });
  assert.match(await view().locator('.memory-text').first().innerText(), /Minka/, 'the best stands first');
  const minka = view().locator('.memory', { hasText: 'Minka' });
  await minka.locator('summary').click();
  assert.match(await minka.locator('.receipt').innerText(), /You allowed it .*Janet’s machine.*Receipt \S+\./s);
  await minka.getByRole('button', { name: 'Forget', exact: true }).click();
  await minka.getByRole('button', { name: 'Forget it' }).click();
  await told('no trace found');
  assert.match(await view().locator('.proof').innerText(), /1 memory and 1 vector removed/);
  assert.deepEqual(holders('is called Minka'), [], 'no file holds it');
  await close('memory');
});

test('everything is forgotten after a click on Yes, and not after one on No', async () => {
  await open('memory');
  await view().locator('.memory').first().waitFor({ timeout: SOON_MS });
  for (const [button, words] of [['#consent-no', 'no yes'], ['#consent-yes', 'no trace found']]) {
    await press('Forget all of it');
    await press('Yes, ask me for my consent');
    await answer(button);
    await told(words);
  }
  await view().getByText('She remembers nothing yet.').waitFor({ timeout: SOON_MS });
  assert.deepEqual(holders('Bread is bought'), [], 'no file holds it');
  await close('forgotten');
});

test('a vault is made, takes a secret, hands it out, and locks it away', async () => {
  await open('vault');
  const words = () => view().locator('input[type=password]:visible');
  await view().getByRole('button', { name: 'Make the vault' }).waitFor({ timeout: SOON_MS });
  await words().nth(0).fill('12345678');
  await words().nth(1).fill('12345678');
  await press('Make the vault');
  await view().locator('.told[data-bad]').waitFor({ timeout: SOON_MS });
  await words().nth(0).fill(SAFE_WORD);
  await words().nth(1).fill(SAFE_WORD);
  await press('Make the vault');
  await view().getByLabel('Name', { exact: true }).waitFor({ timeout: SOON_MS });
  await view().getByLabel('Name', { exact: true }).fill('kettle');
  await view().getByRole('textbox', { name: 'The secret' }).fill(SECRET);
  await press('Keep it');
  const show = view().getByRole('button', { name: 'Show kettle' });
  const unlock = view().getByRole('button', { name: 'Unlock' });
  await show.or(unlock).first().waitFor({ timeout: SOON_MS });
  if (await show.isVisible()) await press('Lock it now');
  await unlock.waitFor({ timeout: SOON_MS });
  await words().first().fill('not the safe word at all');
  await unlock.click();
  await view().locator('.told[data-bad]').waitFor({ timeout: SOON_MS });
  await words().first().fill(SAFE_WORD);
  await unlock.click();
  await show.waitFor({ timeout: SOON_MS });
  await show.click();
  await view().locator('.secret-value', { hasText: SECRET }).waitFor({ timeout: SOON_MS });
  await press('Lock it now');
  await unlock.waitFor({ timeout: SOON_MS });
  assert.ok(!(await page.content()).includes(SECRET), 'locked, the page does not have it any more');
  for (const planted of [SECRET, SAFE_WORD]) assert.deepEqual(holders(planted), [], 'nor has any file');
  await close('vault');
});

test('something is allowed for good after a click on Yes, and revoked', async () => {
  await open('grants');
  await view().getByText('Nothing: she asks each time.').waitFor({ timeout: SOON_MS });
  for (const [button, words] of [['#consent-no', 'no yes'], ['#consent-yes', 'It holds']]) {
    await press('Allow it');
    await answer(button);
    await told(words);
  }
  await view().getByText('She may remember something.').waitFor({ timeout: SOON_MS });
  await press('Revoke: remember something');
  await told('Revoked');
  await view().getByText('Nothing: she asks each time.').waitFor({ timeout: SOON_MS });
  await close('grants');
});

test('she is somebody else after a click on Yes, and not after one on No', async () => {
  await open('personas');
  const other = () => view().locator('.choice', { hasNot: page.locator('label', { hasText: '(now)' }) }).first();
  await other().locator('input').waitFor({ timeout: SOON_MS });
  const name = await other().locator('label').innerText();
  for (const [button, words] of [['#consent-no', 'no yes'], ['#consent-yes', `She is ${name}`]]) {
    await other().locator('input').check();
    await press('Be this one');
    await answer(button);
    await told(words);
  }
  await view().locator('label', { hasText: `${name} (now)` }).waitFor({ timeout: SOON_MS });
  await close('personas');
});

test('a conversation moves after a click on Yes, and not after one on No', async () => {
  await page.fill('#text', 'Say hello.');
  await page.keyboard.press('Enter');
  assert.ok(await janet.until((s) => s.answers.length > 0, SOON_MS), 'there is something to move');
  await open('transfer');
  await view().getByRole('button', { name: 'Move it', exact: true }).waitFor({ timeout: SOON_MS });
  for (const [button, words] of [['#consent-no', /Not moved: The operator said no/], ['#consent-yes', /Moved: [1-9]\d* messages/]]) {
    await press('Move it');
    await page.waitForSelector('#consent[open]', { timeout: SOON_MS });
    assert.match(await page.innerText('#consent-kind'), /Soul check/i, 'one dialog shows both names of the question');
    assert.match(await page.innerText('#consent-how'), /^Click Yes or No\./, 'and says how it can be answered');
    await answer(button);
    await told(words);
  }
  assert.ok(await janet.until((s) => s.trust.questions === 0, SOON_MS), 'answered once, it is answered');
  await close('transfer');
});

test('the log has all of it, and is whole', async () => {
  await open('audit');
  await told('nothing is changed, missing or cut');
  const events = await view().locator('.audit .about').allInnerTexts();
  assert.ok(events.length >= 5, `there are entries: ${events.join(' | ')}`);
  const numbers = (await view().locator('.audit-number').allInnerTexts()).map(Number);
  assert.ok(numbers.every((number, at) => at === 0 || number === numbers[at - 1] - 1), 'the newest first, without a gap');
  const text = await view().innerText();
  for (const event of ['grant_added', 'grant_revoked', 'persona_changed', 'transfer_ended']) assert.match(text, new RegExp(event), event);
  for (const content of ['Minka', 'Bread', 'kettle', SECRET]) assert.ok(!text.includes(content), 'and never content');
  await close('audit');
});

test('what is kept, what leaves and who listens', async () => {
  await open('privacy');
  await view().getByRole('heading', { name: 'Who listens now' }).waitFor({ timeout: SOON_MS });
  const text = await view().innerText();
  assert.match(text, /There is a vault\. It is locked\./);
  assert.match(text, /No microphone is open\./);
  await close('privacy');
  assert.deepEqual(janet.problems, [], 'the browser reported no problem');
});

test('a conversation is forgotten from the page, and then everything', async () => {
  const known = () => page.evaluate(() => `${document.documentElement.textContent} ${JSON.stringify(window.__janet)}`);
  const before = (await janet.stats()).answers.length;
  await page.fill('#text', 'My umbrella is called Parapluie.');
  await page.keyboard.press('Enter');
  assert.ok(await janet.until((s) => s.answers.length > before, LOAD_MS), 'she answers');
  // Less than that stands somewhere in the page anyway.
  const answered = (await janet.stats()).answers.at(-1).text.slice(0, 40);
  assert.ok((await known()).includes('Parapluie'), 'until then the page shows what was said');
  await open('privacy');
  await press('Forget this conversation');
  const ended = janet.until((s) => s.link !== 'open', LOAD_MS);
  await press('Forget it');
  await told('This conversation is forgotten');
  assert.match(await view().locator('.proof').innerText(), /1 conversation with \d+ messages? removed/, 'it is proved where it was asked for');
  assert.match(await page.locator('#entries').innerText(), /1 conversation with \d+ messages? removed/, 'and in the chat');
  assert.ok(await ended, 'it has ended');
  assert.ok(await janet.until((s) => s.link === 'open' && s.status === 'ready', LOAD_MS), 'another one has begun');
  const left = await known();
  assert.ok(!left.includes('Parapluie'), 'the page has none of what was said any more');
  assert.ok(answered.length < 12 || !left.includes(answered), 'nor of what she answered');
  assert.equal((await janet.stats()).answers.length, before + 1, 'but for how often she did');
  assert.equal(await view().locator('.proof').count(), 1, 'and the proof is still there to be read');
  await page.click('#trust-close');
  await open('memory');
  await remember('The kite is kept in the attic.');
  await page.click('#trust-close');
  await open('privacy');
  await press('Forget everything');
  const stays = 'The secrets in the vaults, standing consents, paired devices and souls, personas and the audit log stay.';
  assert.ok((await view().innerText()).includes(stays), 'the page says what stays');
  await press('Yes, ask me for my consent');
  await page.waitForSelector('#consent[open]', { timeout: SOON_MS });
  assert.ok((await page.innerText('#consent-impact')).includes(stays), 'and so does the question');
  await answer('#consent-yes');
  await told('Everything is forgotten');
  assert.match(await view().locator('.proof').innerText(), /1 memory and 1 vector, \d+ conversations? with \d+ messages? removed/);
  assert.deepEqual(holders('kept in the attic'), [], 'no file holds it');
  assert.ok(await janet.until((s) => s.status === 'ready', LOAD_MS), 'another conversation has begun');
  await close('forgotten-all');
});
