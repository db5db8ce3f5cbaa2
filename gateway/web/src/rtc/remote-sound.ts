/** Her voice from a call, out of an element of its own: a browser cancels the echo of what it plays itself. */
import { PlacedOutput, type SoundPlace } from '../audio/placed.js';
import { useSpeaker } from '../audio/speaker.js';

/** Her voice as it comes from somewhere; the element then only keeps it flowing. */
interface Placed {
  readonly context: AudioContext;
  readonly stream: MediaStream;
  readonly output: PlacedOutput;
}

export class RemoteSound {
  private element: HTMLAudioElement | null = null;
  private speaker = '';
  private wantedAt: SoundPlace | null = null;
  private placed: Placed | null = null;

  /** `onSpeakerLost`: the chosen speaker cannot be used; the system's is. */
  constructor(private readonly onSpeakerLost: () => void) {}

  /** Throws where the browser gives no sound output, or wants a gesture first. */
  async play(stream: MediaStream): Promise<void> {
    const element = (this.element ??= new Audio());
    element.srcObject = stream;
    this.follow();
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
    this.follow();
  }

  /** From where she is heard, seen from the listener; null: from nowhere. */
  place(place: SoundPlace | null): void {
    this.wantedAt = place;
    this.follow();
    if (place !== null) this.placed?.output.move(place);
  }

  async setSpeaker(id: string): Promise<void> {
    this.speaker = id;
    if (this.element !== null) await this.applySpeaker(this.element);
  }

  /** What is played is placed exactly while it has a place. */
  private follow(): void {
    const { element } = this;
    const stream = element?.srcObject instanceof MediaStream ? element.srcObject : null;
    const wanted = this.wantedAt === null ? null : stream;
    if (this.placed !== null && this.placed.stream !== wanted) {
      const { context, output } = this.placed;
      this.placed = null;
      output.close();
      void context.close();
    }
    if (wanted !== null && this.placed === null) {
      const context = new AudioContext({ latencyHint: 'interactive' });
      this.placed = { context, stream: wanted, output: new PlacedOutput(context, context.createMediaStreamSource(wanted)) };
      void useSpeaker(context, this.speaker);
    }
    if (element !== null) element.muted = this.placed !== null;
  }

  private async applySpeaker(element: HTMLAudioElement): Promise<void> {
    if (!(await useSpeaker(element, this.speaker))) this.onSpeakerLost();
    if (this.placed !== null) await useSpeaker(this.placed.context, this.speaker);
  }
}
