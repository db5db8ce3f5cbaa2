/** Which microphones and speakers there are, and when that changes. */
import { devicesOf, type Devices } from '../state/devices.js';

export class DeviceWatch {
  constructor(private readonly onDevices: (devices: Devices) => void) {}

  /** From now on, as far as this page may know. */
  start(): void {
    navigator.mediaDevices?.addEventListener('devicechange', () => void this.look());
    void this.look();
  }

  /** Looks again: the names come with the permission, for which there is no event. */
  async look(): Promise<void> {
    try {
      // Pages that are neither https nor on this machine have no devices.
      const found = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
      this.onDevices(devicesOf(found));
    } catch {
      // A browser that does not tell has the system's devices, and these are always offered.
    }
  }
}
