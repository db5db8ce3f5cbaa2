/**
 * A question of hers is heard in the page, is not answered by her own voice that comes back, and is answered by
 * somebody's who says yes. Janet and her models are real; the language model says "Yes" to everything.
 *
 *   node consent-spoken.mjs --janet BINARY --wav QUESTION.wav --out DIR
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installMicrophone, say } from './lib/microphone.mjs';
import { openPage } from './lib/page.mjs';
import { heardInRoom, installRoom, loopBack } from './lib/room.mjs';
import { janetSays } from './lib/scripted.mjs';
import { readArguments, Report } from './lib/tap.mjs';
import { ANSWER_MS, checkHealth, startTalking } from './lib/turn.mjs';

const args = readArguments('consent-spoken.mjs --janet BINARY --wav FILE --out DIR', ['janet', 'wav', 'out']);
const report = new Report();
const folder = mkdtempSync(join(tmpdir(), 'janet-spoken-'));
const yes = join(folder, 'yes.wav');
execFileSync(args.janet, ['say', '--offline', '--profile', 'cpu', '--set', 'engine.seed=1', '-o', yes, 'Yes, please.'], { stdio: ['ignore', 'ignore', 'inherit'] });
const server = await janetSays(args.janet, folder, 'Yes. Yes, go ahead.');
const janet = await openPage({
  url: server.url,
  out: args.out,
  before: async (page) => {
    await installMicrophone(page);
    await installRoom(page);
  },
});
const { page } = janet;
const view = page.locator('#trust-view');
/** Her voice, from the n-th state on, was heard to its end. */
const hasSaid = (from) => janet.until((s) => s.voice.slice(from).some(({ state }) => state === 'finished'), ANSWER_MS);

try {
  await startTalking(janet, report);
  // As a loudspeaker beside the microphone, at half its level.
  await loopBack(janet, 0.5);
  await page.fill('#text', 'Hello there.');
  await page.keyboard.press('Enter');
  report.ok(await janet.until((s) => s.answers.length === 1, ANSWER_MS), 'there is something to move');
  await janet.until((s) => s.voice.length === 0 || s.voice.at(-1).state !== 'started', ANSWER_MS);
  await heardInRoom(janet);

  const before = (await janet.stats()).voice.length;
  await page.click('#trust-transfer');
  await view.getByRole('button', { name: 'Move it', exact: true }).click();
  await page.waitForSelector('#consent[open]', { timeout: ANSWER_MS });
  report.ok((await page.innerText('#consent-how')).includes('say yes or no once she has asked'), 'the page says that a spoken yes will do');
  report.ok(await hasSaid(before), 'she asks aloud');
  const question = await heardInRoom(janet);
  report.note(`the question: ${JSON.stringify(question)}`);
  report.ok(question.loudest > 0.05 && question.loudMs > 1_500, 'and is heard: it comes out of the loudspeaker', `${question.loudest.toFixed(3)} RMS, ${question.loudMs} ms`);
  report.ok((await janet.stats()).trust.questions === 1, 'that it comes back into the microphone answers nothing');
  await janet.shot('consent-asked-aloud');

  const turn = (await janet.stats()).voice.length;
  const { seconds } = await say(janet, args.wav);
  await page.waitForTimeout(seconds * 1_000);
  // From here on nobody speaks but her.
  await heardInRoom(janet);
  report.ok(await hasSaid(turn), 'somebody asks something else meanwhile, and she says yes to that');
  await page.waitForTimeout(2_000);
  const own = await heardInRoom(janet);
  report.note(`her own yes: ${JSON.stringify(own)}`);
  const stats = await janet.stats();
  report.ok(stats.answers.at(-1)?.text.startsWith('Yes.') && own.loudest > 0.05 && own.loudestAtMic > 0.02, 'her own yes is heard at the microphone', `${own.loudestAtMic.toFixed(3)} RMS`);
  report.ok(stats.trust.questions === 1 && !(await view.innerText()).includes('Moved:'), 'and nothing moves by it');

  await say(janet, yes);
  report.ok(await view.getByText('Moved:').waitFor({ timeout: ANSWER_MS }).then(() => true, () => false), 'it moves when somebody says yes', (await janet.stats()).transcripts.at(-1));
  report.ok((await page.locator('#consent').isHidden()) && (await janet.stats()).trust.questions === 0, 'and the question is gone');
  await janet.shot('consent-spoken');
  await page.click('#trust-close');
  await page.click('#trust-audit');
  await view.locator('.audit li').first().waitFor({ timeout: ANSWER_MS });
  const log = await view.innerText();
  report.ok(/granted, by spoken/.test(log), 'the log says that it was spoken', log.split('\n').filter((line) => line.includes('transfer')).join(' | '));
  await page.click('#trust-close');
  await checkHealth(janet, report);
} finally {
  await janet.close();
  await server.close();
}
process.exit(report.end());
