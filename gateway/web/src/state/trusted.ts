/** Who is offered what. */
import type { State } from './model.js';

/** What the server may say that it can, of what is about trust. */
export type Capability = 'memory' | 'vault' | 'consent' | 'red_thread' | 'transfer' | 'audit' | 'personas';

/** Whether this page's user may use it: the operator, where there is such a thing. */
export function isOffered({ role, capabilities }: Pick<State, 'role' | 'capabilities'>, name: Capability): boolean {
  return role === 'operator' && capabilities.includes(name);
}
