/** What went wrong in plain words, and what to do about it. */
import type { MicTrouble } from '../audio/microphone.js';

export interface Explanation {
  title: string;
  todo: string;
}

/** An error the server sent. Unknown codes keep the server's own words. */
export function explain(code: string, message: string, field: string | null): Explanation {
  switch (code) {
    case 'overloaded':
      return { title: 'Janet has more to do than she can.', todo: 'Wait a moment, then send it again.' };
    case 'not_ready':
      return { title: 'Janet is still loading her models.', todo: 'Send it again when the status above says “Ready”.' };
    case 'audio_not_started':
      return { title: 'The voice stream was not open.', todo: 'Turn the microphone off and on again.' };
    case 'frame_too_large':
    case 'field_too_large':
      return { title: 'That message is too long.', todo: 'Shorten it and send it again.' };
    case 'no_speech':
      return { title: 'Nothing was understood.', todo: 'Say it again, a little closer to the microphone.' };
    case 'too_slow':
      return { title: 'This page could not keep up and lost a part of the conversation.', todo: 'Reload it to see everything.' };
    case 'red_thread':
      return { title: 'Everything is stopped.', todo: 'Let Janet go on first: by the red button above.' };
    case 'internal':
      return { title: sentence(message), todo: 'If it happens again, look at the server’s log.' };
    default:
      return {
        title: sentence(message),
        todo: field === null ? 'Try again; if it stays, look at the server’s log.' : `The server did not accept “${field}”. Try again; if it stays, reload the page.`,
      };
  }
}

/** The server did not open the voice stream. Typing needs none. */
export function explainVoice(code: string, message: string, field: string | null): Explanation {
  switch (code) {
    case 'overloaded':
      return {
        title: 'Janet has no room for another spoken conversation.',
        todo: 'Type to her meanwhile, and turn the microphone on again in a moment.',
      };
    case 'not_ready':
      return { title: 'Janet is still loading her models.', todo: 'Turn the microphone on again when the status above says “Ready”.' };
    default:
      return explain(code, message, field);
  }
}

/** The server did not take what was chosen from its list. */
export function explainChoice(code: string, message: string, field: string | null): Explanation {
  if (code !== 'out_of_range' || field === null) return explain(code, message, field);
  return { title: `That ${field} is not there any more.`, todo: 'Everything stays as it was; the settings list what there is now.' };
}

/** Whose work a server may have; of other roles nothing is told. */
export const SERVED = ['llm', 'tts'] as const;
export type Served = (typeof SERVED)[number];

const SERVERS: Record<Served, { name: string; meanwhile: string; again: string }> = {
  llm: { name: 'language server', meanwhile: 'Janet’s own small model answers meanwhile.', again: 'answers again' },
  tts: { name: 'speech server', meanwhile: 'Janet’s own voice speaks meanwhile.', again: 'speaks again' },
};

/** Why a server that was asked for does not do its work, and who does. */
export function explainTrouble(role: Served, why: string): Explanation {
  const { name, meanwhile } = SERVERS[role];
  return {
    title: sentence(`The ${name} is not used: ${why}`),
    todo: `${meanwhile} Start that server; Janet tries again by herself. “janet doctor” says more.`,
  };
}

/** That it does it again. */
export function explainRecovery(role: Served): string {
  const { name, again } = SERVERS[role];
  return `The ${name} ${again}.`;
}

/** That a device which was used, or was chosen on another day, is not there. */
export function explainDevice(kind: 'microphone' | 'speaker'): string {
  return `That ${kind} is not there any more; the system’s is used. The settings list what there is.`;
}

/** Why there is no microphone. */
export function explainMic(trouble: MicTrouble): Explanation {
  switch (trouble) {
    case 'denied':
      return {
        title: 'The browser does not allow the microphone here.',
        todo: 'Click the icon at the left of the address bar, allow the microphone, then try again.',
      };
    case 'missing':
      return { title: 'No microphone was found.', todo: 'Plug one in and try again. You can type, or play the sample question.' };
    case 'insecure':
      return {
        title: 'Browsers give the microphone only to secure pages.',
        todo: 'Open this page as http://localhost on the machine that runs Janet, or through https.',
      };
    case 'in_use':
      return { title: 'Another program is using the microphone.', todo: 'Close it there (calls, recorders), then try again.' };
    case 'failed':
      return { title: 'The microphone could not be opened.', todo: 'Unplug it and plug it in again, or restart the browser.' };
  }
}

export function sentence(message: string): string {
  const trimmed = message.trim();
  const begun = trimmed.charAt(0).toUpperCase() + trimmed.slice(1);
  return /[.!?…]$/.test(begun) ? begun : `${begun}.`;
}
