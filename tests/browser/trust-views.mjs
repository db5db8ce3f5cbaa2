/**
 * Memory, secrets, privacy, the audit log, standing consents, personas and transfers, by the page alone: its server is
 * played by the mock.
 *
 *   node trust-views.mjs --url URL --out DIR
 */
import { readFileSync } from 'node:fs';
import { SAFE_WORD } from '../../gateway/web/dev/mock-trust.mjs';
import { isAccessible } from './lib/axe.mjs';
import { FakeJanet } from './lib/fake-janet.mjs';
import { openPage } from './lib/page.mjs';
import { readArguments, Report } from './lib/tap.mjs';

const args = readArguments('trust-views.mjs --url URL --out DIR', ['url', 'out']);
const report = new Report();
const SOON_MS = 5_000;
/** Planted where a secret is typed: to be found nowhere afterwards. */
const PLANTED = 'planted-4711-secret';
const fake = new FakeJanet({ memories: 60 });
const janet = await openPage({ url: args.url, out: args.out, before: fake.install });
const { page } = janet;

const named = (name, exact = true) => page.locator('#trust-view').getByRole('button', { name, exact });
const told = (words) => page.locator('#trust-view .told', { hasText: words }).first().waitFor({ timeout: SOON_MS }).then(() => true, () => false);
const open = async (name) => {
  await page.click(`#trust-${name}`);
  await page.waitForSelector('#trust[open]');
  await janet.drawn();
};
const close = () => page.click('#trust-close');
const last = (type) => fake.said.findLast((message) => message.type === type);
const rows = () => page.locator('.memory').count();
const answer = async (id) => {
  await page.waitForSelector('#consent[open]');
  // What was pressed before the question was there answers nothing.
  await page.waitForTimeout(650);
  await page.click(id);
};
/** Whether Tab reaches everything in the dialog, in the order in which it stands there, and it can be seen where the focus is. */
const walks = async () => {
  const wanted = await page.evaluate(() => {
    const all = [...document.querySelectorAll('#trust :is(button, input, textarea, select, summary)')];
    const there = all.filter((e) => !e.disabled && e.checkVisibility() && (e.type !== 'radio' || e.checked));
    there.forEach((e, n) => (e.dataset.stop = String(n)));
    return there.length;
  });
  await page.focus('#trust-title');
  const stops = [];
  for (let n = 0; n < wanted; n += 1) {
    await page.keyboard.press('Tab');
    stops.push(await page.evaluate(() => ({ stop: document.activeElement.dataset.stop, seen: getComputedStyle(document.activeElement).outlineStyle !== 'none' })));
  }
  return stops.every(({ stop, seen }, n) => stop === String(n) && seen) ? '' : stops.map(({ stop, seen }) => `${stop}${seen ? '' : '?'}`).join();
};
/** Everything that the page holds where somebody could look. */
const everything = () =>
  page.evaluate(() => {
    const typed = [...document.querySelectorAll('input, textarea')].map((field) => field.value);
    return [document.documentElement.outerHTML, JSON.stringify(window.__janet), JSON.stringify(localStorage), JSON.stringify(sessionStorage), document.cookie, location.href, typed.join()].join('\n');
  });

try {
  await janet.until((s) => s.status === 'ready', 20_000);

  await open('memory');
  await page.waitForSelector('.memory');
  report.ok((await rows()) === 25 && (await page.innerText('#trust-view')).includes('60 memories'), 'the newest are listed, and how many there are');
  await named('Show more').click();
  await janet.holds(() => document.querySelectorAll('.memory').length === 50, SOON_MS);
  await named('Show more').click();
  await janet.holds(() => document.querySelectorAll('.memory').length === 60, SOON_MS);
  report.ok((await rows()) === 60 && (await named('Show more').isHidden()), 'page by page, to the last');
  const searches = fake.count('memory_search');
  await page.getByLabel('Search').pressSequentially('minka', { delay: 30 });
  await janet.holds(() => document.querySelectorAll('.memory').length === 1, SOON_MS);
  report.ok((await page.innerText('.memory-text')).includes('Minka') && fake.count('memory_search') === searches + 1, 'a search finds, and is asked once for words typed at one go', String(fake.count('memory_search') - searches));
  await page.click('.memory summary');
  report.ok(/by a click on Janet’s machine.*Receipt r-m1/.test(await page.innerText('.memory .receipt')), 'each has its receipt: who allowed it, how and when', (await page.innerText('.memory .receipt')).replaceAll('\n', ' '));
  await isAccessible(janet, report, 'trust-memory');
  const walkedMemory = await walks();
  report.ok(walkedMemory === '', 'Tab reaches everything there: memory', walkedMemory);
  await named('Change').click();
  await page.locator('.memory textarea').fill('The cat is called Minka, and she is grey.');
  await named('Save').click();
  report.ok((await told('Changed.')) && (await page.locator('.memory-text', { hasText: 'grey' }).isVisible()) && (await page.innerText('.memory .about >> nth=0')).includes('changed'), 'it can be changed');
  await named('Forget').click();
  report.ok((await page.evaluate(() => document.activeElement.textContent)) === 'Keep it' && fake.count('memory_forget') === 0, 'before it is forgotten one is asked, and the focus is on keeping it');
  await page.keyboard.press('Escape');
  report.ok((await page.locator('#trust').isVisible()) && (await named('Forget').isVisible()), 'Escape keeps it, and the view');
  await named('Forget').click();
  await named('Forget it').click();
  report.ok((await told('no trace found')) && (await janet.holds(() => document.querySelector('.memory') === null, SOON_MS)), 'it is forgotten, with the proof');
  await page.getByLabel('Search').fill('');
  await page.getByLabel('Something to remember').fill('Bread is bought on Saturdays.');
  await named('Remember it').click();
  report.ok((await told('Remembered.')) && (await janet.holds(() => document.querySelector('.memory-text')?.textContent === 'Bread is bought on Saturdays.', SOON_MS)), 'something is remembered, and stands first');
  await page.getByLabel('Something to remember').fill('My password is hunter2.');
  await named('Remember it').click();
  report.ok(await told('Keep it in the vault'), 'what may not be remembered is refused with a reason');
  await named('Forget all of it').click();
  await named('Yes, ask me for my consent').click();
  await answer('#consent-no');
  report.ok((await told('no yes')) && (await rows()) > 0, 'everything is not forgotten after a no');
  await named('Forget all of it').click();
  await named('Yes, ask me for my consent').click();
  await answer('#consent-yes');
  report.ok(await told('Everything is forgotten.'), 'and is after a yes');
  const proof = await page.innerText('#trust-view .proof');
  report.ok(/60 memories and 60 vectors removed\. .* searched afterwards: no trace found\. .* entry \d+/.test(proof), 'with how much, how it was looked for, and where that is written', proof);
  report.ok((await page.innerText('#trust-view')).includes('She remembers nothing yet.'), 'nothing is left');
  await named('Remember this conversation').click();
  await answer('#consent-no');
  report.ok((await told('no yes')) && (await rows()) === 0 && fake.count('memory_distil') === 1, 'what she found in the conversation is not remembered after a no');
  await named('Remember this conversation').click();
  await answer('#consent-yes');
  report.ok((await janet.holds(() => document.querySelectorAll('.memory').length === 2, SOON_MS)) && (await page.innerText('#trust-view')).includes('Mimi'), 'and all of it is after a yes');
  await close();
  report.ok(!(await everything()).includes('Bread is bought'), 'with its view go her memories from the page');

  await open('vault');
  const words = page.locator('#trust-view input[type=password]:visible');
  await isAccessible(janet, report, 'trust-vault-new');
  const walkedVault = await walks();
  report.ok(walkedVault === '', 'Tab reaches everything there: vault', walkedVault);
  report.ok(await words.evaluateAll((fields) => fields.every((field) => field.autocomplete === 'off')), 'no field for a safe word offers to remember it');
  await words.nth(0).fill(SAFE_WORD);
  await words.nth(1).fill(`${SAFE_WORD}!`);
  await named('Make the vault').click();
  report.ok((await page.innerText('#trust-view')).includes('Both must be the same') && fake.count('vault_create') === 0, 'a safe word that was mistyped makes no vault');
  await words.nth(1).fill(SAFE_WORD);
  await named('Make the vault').click();
  report.ok((await told('The vault is made; it is locked.')) && (await named('Unlock').isVisible()), 'a vault is made, and is locked');
  report.ok(!(await everything()).includes(SAFE_WORD), 'and its safe word is nowhere in the page');
  await page.getByLabel('Name', { exact: true }).fill('door');
  await page.getByRole('textbox', { name: 'The secret' }).fill(PLANTED);
  await page.getByLabel('Words to find it by').fill('house, key');
  await named('Keep it').click();
  report.ok((await told('The secret is kept.')) && (await page.locator('#trust-view .item').count()) === 0, 'a secret is kept while the vault is locked, too');
  await words.first().fill(SAFE_WORD);
  await named('Unlock').click();
  report.ok((await named('Show door').waitFor({ timeout: SOON_MS }).then(() => true, () => false)) && !(await everything()).includes(PLANTED), 'unlocked, it tells its name, and the secret stays nowhere in the page');
  report.ok(last('vault_put').value === PLANTED && last('vault_put').tags.join() === 'house,key', 'but on the wire, with its words');
  await named('Show door').click();
  await page.locator('.secret-value', { hasText: PLANTED }).waitFor({ timeout: SOON_MS });
  const since = Date.now();
  report.ok(!(await page.evaluate(() => JSON.stringify(window.__janet) + JSON.stringify(localStorage))).includes(PLANTED), 'shown, it stands in one place alone');
  await isAccessible(janet, report, 'trust-vault-shown');
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.locator('.secret').getByRole('button', { name: 'Copy' }).click();
  report.ok((await page.evaluate(() => navigator.clipboard.readText())) === PLANTED, 'it can be copied');
  // The page's clock goes on faster than this one.
  const later = (ms) => page.evaluate((by) => {
    window.realNow ??= Date.now;
    Date.now = () => window.realNow.call(Date) + by;
  }, ms);
  await later(19_000 - (Date.now() - since));
  await page.waitForTimeout(400);
  report.ok(await page.locator('.secret-value', { hasText: PLANTED }).isVisible(), 'after nineteen seconds it can still be read');
  await later(20_100 - (Date.now() - since));
  report.ok((await janet.holds(() => document.querySelector('.secret').hidden, SOON_MS)) && !(await everything()).includes(PLANTED), 'after twenty it is gone from the page');
  await later(0);

  await page.click('#trust-view summary');
  const section = (title) => page.locator('#trust-view section', { has: page.getByRole('heading', { name: title }) });
  await section('A copy in a file').getByLabel('Safe word').fill(SAFE_WORD);
  await section('A copy in a file').getByLabel('A password for the file').fill('of the file');
  await section('A copy in a file').getByLabel('The password once more').fill('of the file');
  const saved = page.waitForEvent('download', { timeout: 10_000 });
  await section('A copy in a file').getByRole('button').click();
  await answer('#consent-yes');
  const download = await saved;
  report.ok(/^janet-secrets-\d{4}-\d\d-\d\d\.vault$/.test(download.suggestedFilename()) && readFileSync(await download.path()).includes('door'), 'all secrets are written into a file, after a yes', download.suggestedFilename());
  report.ok(await told('The file is written'), 'and the page says so');
  await named('Forget door').click();
  await named('Forget it').click();
  report.ok((await told('The secret is gone.')) && (await janet.holds(() => document.querySelector('#trust-view .item') === null, SOON_MS)), 'a secret is forgotten');
  await section('Take in a file').getByLabel('File of secrets').setInputFiles(await download.path());
  await section('Take in a file').getByLabel('The file’s password').fill('of the file');
  await section('Take in a file').getByRole('button', { name: 'Take it in' }).click();
  report.ok((await told('taken in')) && (await named('Show door').waitFor({ timeout: SOON_MS }).then(() => true, () => false)), 'and the file brings it back');
  await section('Another safe word').getByLabel('Safe word until now').fill('wrong');
  await section('Another safe word').getByLabel('The new one', { exact: true }).fill('the new one');
  await section('Another safe word').getByLabel('The new one once more').fill('the new one');
  await section('Another safe word').getByRole('button').click();
  report.ok((await told('The safe word is wrong')) && !(await everything()).includes('the new one'), 'another safe word needs the old one, and leaves nothing behind');

  await named('Show door').click();
  await page.locator('.secret-value', { hasText: PLANTED }).waitFor({ timeout: SOON_MS });
  await named('Lock it now').click();
  report.ok((await told('is locked')) && !(await everything()).includes(PLANTED) && !(await everything()).includes('house'), 'locked, neither the secret nor its name is in the page');
  for (let n = 0; n < 2; n += 1) {
    await words.first().fill('wrong');
    await named('Unlock').click();
    await janet.holds(() => document.querySelector('#trust-view .told[data-bad]') !== null && document.querySelector('.takes-word')?.getAttribute('aria-disabled') !== null, SOON_MS);
    await page.waitForTimeout(300);
  }
  report.ok(await janet.holds(() => /looked at in \d s/.test(document.querySelector('#trust-view').textContent), SOON_MS), 'after wrong words the page says for how long none is looked at');
  await isAccessible(janet, report, 'trust-vault-delayed');
  const tries = fake.count('vault_unlock');
  await words.first().fill(SAFE_WORD);
  await page.keyboard.press('Enter');
  report.ok(fake.count('vault_unlock') === tries && (await words.first().inputValue()) === SAFE_WORD, 'meanwhile none is sent');
  await janet.holds(() => !/looked at in/.test(document.querySelector('#trust-view').textContent), 10_000);
  await named('Unlock').click();
  report.ok((await told('is unlocked')) && (await named('Show door').isVisible()), 'and then it is');
  await named('Show door').click();
  await page.locator('.secret-value', { hasText: PLANTED }).waitFor({ timeout: SOON_MS });
  await fake.cut();
  report.ok(await janet.holds(() => document.querySelector('.secret').hidden, SOON_MS), 'a secret goes with the connection over which it came');
  await janet.until((s) => s.link === 'open' && s.status === 'ready', 20_000);
  await named('Show door').click();
  await page.locator('.secret-value', { hasText: PLANTED }).waitFor({ timeout: SOON_MS });
  await page.locator('#trust .red-thread').click();
  await page.waitForSelector('#stopped[open]');
  report.ok(!(await everything()).includes(PLANTED), 'and with the red thread');
  await page.click('#stopped-clear');
  await page.waitForTimeout(1_300);
  await page.click('#stopped-really-clear');
  await janet.until((s) => !s.trust.stopped, SOON_MS);
  await close();

  await open('grants');
  await named('Allow it').click();
  await answer('#consent-yes');
  report.ok(await told('It holds'), 'something is allowed for good, after a yes');
  await isAccessible(janet, report, 'trust-grants');
  const walkedGrants = await walks();
  report.ok(walkedGrants === '', 'Tab reaches everything there: grants', walkedGrants);
  await page.selectOption('#trust-view select', 'other');
  await page.getByLabel('Whom').fill('calendar');
  await named('Allow it').click();
  report.ok((await janet.until((s) => s.trust.questions === 1, SOON_MS)) && last('grant_add').action === 'delegate:calendar', 'a delegation is named');
  await answer('#consent-no');
  await named('Revoke: remember something').click();
  report.ok((await told('Revoked')) && (await page.innerText('#trust-view')).includes('she asks each time'), 'and revoked');
  await close();

  await open('personas');
  await page.getByLabel('The butler').check();
  await isAccessible(janet, report, 'trust-personas');
  const walkedPersonas = await walks();
  report.ok(walkedPersonas === '', 'Tab reaches everything there: personas', walkedPersonas);
  await named('Be this one').click();
  await answer('#consent-yes');
  report.ok((await told('She is The butler')) && last('persona_set').persona_id === 'butler', 'she is somebody else, after a yes');
  await close();

  await open('transfer');
  await isAccessible(janet, report, 'trust-transfer');
  const walkedTransfer = await walks();
  report.ok(walkedTransfer === '', 'Tab reaches everything there: transfer', walkedTransfer);
  await named('Move it').click();
  await answer('#consent-no');
  report.ok(await told('Not moved: You said no.'), 'nothing is moved after a no');
  await page.getByLabel('The names of secrets').check();
  await page.locator('#trust-view').getByLabel('Safe word').fill('wrong');
  await named('Move it').click();
  report.ok((await told('Not moved')) && (await page.locator('#trust-view').getByLabel('Safe word').inputValue()) === '', 'nor with a wrong safe word, which stays nowhere');
  await page.getByLabel('The names of secrets').uncheck();
  await page.getByLabel('Her memories').check();
  await named('Move it').click();
  await answer('#consent-yes');
  report.ok(await janet.holds(() => document.querySelector('#trust-view progress:not([hidden])') !== null && /Packing|Handing over|Joining/.test(document.querySelector('#trust-view').textContent), SOON_MS), 'how far it is is shown');
  report.ok(await told('Moved: 14 messages and 3 memories'), 'and what came of it');
  const asked = last('transfer_context');
  report.ok(asked.source_soul === 'networked' && asked.target_soul === 'constitutional' && asked.include_vaults.join() === 'green' && asked.safe_word === undefined && asked.auto_consent === undefined, 'exactly what was chosen was asked for', JSON.stringify(asked));
  await isAccessible(janet, report, 'trust-transferred');
  await close();

  await open('privacy');
  await page.getByRole('heading', { name: 'Who listens now' }).waitFor({ timeout: SOON_MS });
  const privacy = await page.innerText('#trust-view');
  report.ok(/models\.example \(12 times/.test(privacy) && privacy.includes('not yet') && privacy.includes('this page’s') && privacy.includes('30 minutes') && privacy.includes('There is a vault'), 'what is kept, what leaves and who listens', privacy.replaceAll('\n', ' | '));
  await isAccessible(janet, report, 'trust-privacy');
  const walkedPrivacy = await walks();
  report.ok(walkedPrivacy === '', 'Tab reaches everything there: privacy', walkedPrivacy);
  await named('Forget everything').click();
  await named('Yes, ask me for my consent').click();
  await answer('#consent-yes');
  report.ok(await told('Everything is forgotten.'), 'everything can be forgotten from there, with the proof');
  await named('Read it').click();
  // Its view is a chunk of its own.
  report.ok(await janet.holds(() => document.querySelector('#trust-title').innerText === 'What was decided', SOON_MS), 'and the decisions read');
  report.ok(await told('nothing is changed, missing or cut'), 'the log is checked');
  const numbers = await page.locator('.audit-number').allInnerTexts();
  report.ok(Number(numbers[0]) === fake.world.audit.length && numbers.length === 50, 'the newest first, a page of it', numbers.slice(0, 3).join());
  await named('Show more').click();
  report.ok(await janet.holds(() => document.querySelector('.audit li:last-child').dataset.number === '1', SOON_MS), 'down to the first');
  const order = (await page.locator('.audit-number').allInnerTexts()).map(Number);
  report.ok(order.every((number, at) => at === 0 || number === order[at - 1] - 1), 'without a gap');
  await isAccessible(janet, report, 'trust-audit');
  const walkedAudit = await walks();
  report.ok(walkedAudit === '', 'Tab reaches everything there: audit', walkedAudit);
  await close();
  fake.world.tampered = true;
  await open('audit');
  report.ok(await told('Alarm'), 'a log that was changed raises the alarm');
  await isAccessible(janet, report, 'trust-alarm');
  await close();
  report.ok((await page.evaluate(() => document.activeElement.id)) === 'trust-audit', 'closed, the focus is back where it was');

  fake.up = false;
  await fake.cut();
  await janet.until((s) => s.link === 'waiting', SOON_MS);
  await open('memory');
  await page.getByLabel('Something to remember').fill('Not lost.');
  await named('Remember it').click();
  report.ok((await told('no connection')) && (await page.getByLabel('Something to remember').inputValue()) === 'Not lost.', 'without a connection nothing is lost that was typed');
  fake.up = true;
  const problems = janet.problems.filter((problem) => !problem.includes('WebSocket'));
  report.ok(problems.length === 0, 'the browser reported no problem', problems.join('; '));
} finally {
  await janet.close();
}

for (const theme of ['light', 'dark']) {
  const small = new FakeJanet();
  const phone = await openPage({ url: args.url, out: args.out, before: small.install, options: { viewport: { width: 320, height: 568 }, hasTouch: true, isMobile: true } });
  try {
    await phone.until((s) => s.status === 'ready', 20_000);
    await phone.page.evaluate((chosen) => Object.assign(document.documentElement.dataset, { text: 'largest', theme: chosen }), theme);
    for (const name of ['memory', 'vault', 'privacy', 'grants', 'audit', 'personas', 'transfer']) {
      if (await phone.page.locator('#side:not([data-open])').count()) await phone.page.click('#about-open');
      await phone.page.click(`#trust-${name}`);
      await phone.page.waitForTimeout(200);
      const wide = await phone.page.evaluate(() => Math.max(...[document.documentElement, document.querySelector('#trust')].map((e) => e.scrollWidth - e.clientWidth)));
      report.ok(wide <= 0, `${name} fits the smallest phone in the largest text`, `${wide} px too wide`);
      await isAccessible(phone, report, `trust-320-${theme}-${name}`);
      await phone.page.click('#trust-close');
    }
  } finally {
    await phone.close();
  }
}
process.exit(report.end());
