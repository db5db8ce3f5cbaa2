/** Microphones or speakers in the settings; the system's comes first, and is always there. */
import { offered, type Device } from '../state/devices.js';
import { byId, h } from './dom.js';

export class DeviceList {
  private readonly list: HTMLSelectElement;
  private shown = '';

  constructor(name: string, onChosen: (id: string | null) => void) {
    this.list = byId<HTMLSelectElement>(name);
    this.list.addEventListener('change', () => onChosen(this.list.value === '' ? null : this.list.value));
  }

  render(there: readonly Device[], chosen: string | null): void {
    const devices = offered(there, chosen);
    // A list that is open must not close because something else has changed.
    const shown = JSON.stringify(devices);
    if (shown !== this.shown) {
      this.shown = shown;
      this.list.replaceChildren(h('option', { value: '' }, 'As the system has it'), ...devices.map(({ id, name }) => h('option', { value: id }, name)));
    }
    if (this.list.value !== (chosen ?? '')) this.list.value = chosen ?? '';
  }
}
