/** Who is offered what. */
import type { State } from './model.js';
import type { OpenQuestion } from './trust.js';

/** What the server may say that it can, of what is about trust. */
export type Capability = 'memory' | 'vault' | 'consent' | 'red_thread' | 'transfer' | 'audit' | 'personas';

/** Whether this page's user may use it: the operator, where there is such a thing. */
export function isOffered({ role, capabilities }: Pick<State, 'role' | 'capabilities'>, name: Capability): boolean {
  return role === 'operator' && capabilities.includes(name);
}

/** Whether a spoken answer to it would be heard here: a question is said, and answered, in the conversation that it came up in. */
export function isHeard({ mic, phone, muted, context }: Pick<State, 'mic' | 'phone' | 'muted' | 'context'>, { conversationUuid }: Pick<OpenQuestion, 'conversationUuid'>): boolean {
  if (conversationUuid === '' || conversationUuid !== context?.conversation?.uuid) return false;
  return (mic.kind === 'on' && mic.mode === 'hands_free') || (phone.state === 'connected' && !muted);
}
