/** Why the server did not do what was asked of memory, consent, secrets or the souls, and what to do. One sentence or two. */
import { explain, sentence } from './explain.js';

export function explainTrust(code: string, message: string, field: string | null): string {
  switch (code) {
    case 'red_thread':
      return 'Everything is stopped. Let Janet go on first.';
    case 'not_permitted':
      return 'Only the operator may do that, on Janet’s own machine or over a secure connection.';
    case 'not_consented':
      return 'There was no yes, so nothing was done.';
    case 'vault_refused':
      return 'That did not work: the safe word is wrong, there is no such secret, or the vault is damaged.';
    case 'vault_locked':
      return 'The vault is locked. Unlock it first.';
    case 'not_found':
      return 'That is not there any more.';
    case 'not_kept':
      return 'That is a secret or too private for her memory. Keep it in the vault instead.';
    case 'unexpected':
      return 'That question is not open any more.';
    case 'unreachable':
      return 'The other soul cannot be reached. Start it, and try again.';
    case 'field_too_large':
    case 'frame_too_large':
      return 'That is too long. Shorten it.';
    case 'empty_field':
      return 'Something was left empty.';
    // The server says what a word has to be like.
    case 'out_of_range':
      return sentence(message.replace(/^field "[^"]*": /, ''));
    default: {
      const { title, todo } = explain(code, message, field);
      return `${title} ${todo}`;
    }
  }
}

/** Why everything is still stopped. */
export function explainStopped(code: string, message: string, field: string | null): string {
  switch (code) {
    case 'vault_refused':
      return 'That was not the safe word, or there is no vault.';
    case 'not_consented':
    case 'unexpected':
      return 'That offer is not good any more. Begin with the first button again.';
    default:
      return explainTrust(code, message, field);
  }
}
