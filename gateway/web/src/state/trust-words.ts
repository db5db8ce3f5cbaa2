/** Words for what is about trust: actions, receipts, proofs, times. */
import type { ConsentOutcome, Persona, Proof, Receipt, SoulName, TransferStage, VaultVerb } from '../protocol/trust.js';

const ACTIONS: Readonly<Record<string, string>> = {
  remember: 'remember something',
  edit: 'change a memory',
  forget: 'forget something',
  forget_all: 'forget everything',
  transfer: 'move a conversation to the other soul',
  export: 'write the secrets into a file',
  import_package: 'take in what another soul has written',
  constitution_change: 'change the constitution',
  persona_change: 'change who she is',
  new_node: 'let another machine join',
  new_delegate: 'hand work to somebody new',
  new_grant: 'be allowed something for good',
  delegate: 'hand a request on',
  red_metadata: 'take along names of secrets',
};

/** What is asked for, as it goes on behind “May Janet”. */
export function actionWords(action: string): string {
  const whom = /^delegate:(.+)$/.exec(action)?.[1];
  return whom !== undefined ? `hand requests on to ${whom}` : (ACTIONS[action] ?? action.replaceAll('_', ' '));
}

const ENDINGS: Record<ConsentOutcome, string> = {
  granted: 'You said yes',
  denied: 'You said no',
  expired: 'Nobody answered, which is a no',
  withdrawn: 'The question was withdrawn',
};

/** How a question ended. */
export function endingWords(action: string, outcome: ConsentOutcome): string {
  return `${ENDINGS[outcome]}: ${actionWords(action)}.`;
}

/** How a question can be answered now. */
export function answerWords(needsClick: boolean, listens: boolean): string {
  if (needsClick) return 'A click is needed, a spoken yes is not enough.';
  return listens ? 'Click, or say yes or no once she has asked.' : 'Click Yes or No. Nobody listens for a spoken answer now.';
}

const WAYS: Readonly<Record<string, string>> = {
  click: 'by a click',
  spoken: 'by a spoken yes',
  message: 'by a written yes',
  safe_word: 'by the safe word',
  command: 'by asking for it',
};

/** Who allowed something, how and when. */
export function receiptWords({ how, operator, atMs }: Receipt): string {
  const way = WAYS[how] ?? (how.startsWith('standing_grant') ? 'by a standing consent' : `by “${how}”`);
  return `You allowed it ${way} ${operator === 'here' ? 'on Janet’s machine' : `on the device ${operator}`}, ${when(atMs)}.`;
}

export function proofWords({ entries, vectors, bytesSearched, traces, auditNumber, conversations, messages }: Proof): string {
  const memories = `${count(entries, 'memory', 'memories')} and ${count(vectors, 'vector')}`;
  const talks = conversations === undefined ? null : `${count(conversations, 'conversation')} with ${count(messages ?? 0, 'message')}`;
  const gone = `${talks === null ? memories : entries === 0 ? talks : `${memories}, ${talks}`} removed. `;
  const searched = `${bytes(bytesSearched)} of files searched afterwards: ${traces === 0 ? 'no trace' : count(traces, 'trace')} found. `;
  return `${gone}${searched}The audit log says so in entry ${auditNumber}.`;
}

export function kindWords(kind: string): string {
  return kind.charAt(0).toUpperCase() + kind.slice(1).replaceAll('_', ' ');
}

const SOULS: Record<SoulName, string> = { networked: 'networked soul', constitutional: 'constitutional soul' };

/** Which of her souls remember something. */
export function soulWords(souls: readonly SoulName[]): string {
  return souls.length > 1 ? 'both souls' : souls.map((soul) => SOULS[soul]).join('');
}

export const STAGE_WORDS: Record<TransferStage, string> = {
  asking: 'Waiting for your yes',
  exporting: 'Packing',
  importing: 'Handing over',
  reconciling: 'Joining both sides',
};

export const CHECKING_WORDS: Record<VaultVerb, string> = {
  create: 'Making the vault …',
  unlock: 'Checking the safe word …',
  lock: 'Locking …',
  put: 'Keeping it …',
  get: 'Fetching it …',
  list: 'Looking …',
  forget: 'Forgetting it …',
  change: 'Changing the safe word …',
  export: 'Waiting for your yes, then writing the file …',
  import: 'Reading the file …',
  status: 'Looking …',
};

/** Where the red thread was pulled: a name, or a machine of hers that has none. */
export function nodeWords(node: string): string {
  return /^[0-9a-f]{16,}$/.test(node) ? `machine ${node.slice(0, 8)}` : node;
}

/** What a persona is called; several may have the same name. */
export function personaWords(persona: Persona, all: readonly Persona[]): string {
  const isAlone = all.every((other) => other === persona || other.name !== persona.name);
  return isAlone ? persona.name : `${persona.name}, “${persona.personaId}”`;
}

/** A moment in the reader's own words. */
export function when(ms: number): string {
  return new Date(ms).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
}

/** Whole seconds until then, never below 0. */
export function secondsUntil(at: number, now: number): number {
  return Math.max(0, Math.ceil((at - now) / 1000));
}

export function count(n: number, one: string, many = `${one}s`): string {
  return `${n.toLocaleString()} ${n === 1 ? one : many}`;
}

export function bytes(n: number): string {
  if (n < 1000) return count(n, 'byte');
  const [size, unit] = n < 1_000_000 ? [n / 1000, 'kB'] : [n / 1_000_000, 'MB'];
  return `${size.toFixed(size < 10 ? 1 : 0)} ${unit}`;
}

export function duration(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  if (minutes < 1) return count(Math.round(ms / 1000), 'second');
  if (minutes < 120) return count(minutes, 'minute');
  const hours = Math.round(minutes / 60);
  return hours < 72 ? count(hours, 'hour') : count(Math.round(hours / 24), 'day');
}
