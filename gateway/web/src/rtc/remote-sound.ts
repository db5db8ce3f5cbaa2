/** Her voice from a call, out of an element of its own: a browser cancels the echo of what it plays itself. */
import { useSpeaker } from '../audio/speaker.js';

export class RemoteSound {
  private element: HTMLAudioElement | null = null;
  private speaker = '';

  /** `onSpeakerLost`: the chosen speaker cannot be used; the system's is. */
  constructor(private readonly onSpeakerLost: () => void) {}

  /** Throws where the browser gives no sound output, or wants a gesture first. */
  async play(stream: MediaStream): Promise<void> {
    const element = (this.element ??= new Audio());
    element.srcObject = stream;
    await this.applySpeaker(element);
    try {
      await element.play();
    } catch (error) {
      // Another call has begun, or this one has ended: there is nothing left to play.
      if (element.srcObject === stream) throw error;
    }
  }

  stop(): void {
    if (this.element === null) return;
    this.element.pause();
    this.element.srcObject = null;
  }

  async setSpeaker(id: string): Promise<void> {
    this.speaker = id;
    if (this.element !== null) await this.applySpeaker(this.element);
  }

  private async applySpeaker(element: HTMLAudioElement): Promise<void> {
    if (!(await useSpeaker(element, this.speaker))) this.onSpeakerLost();
  }
}
