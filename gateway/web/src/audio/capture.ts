/**
 * What goes up: one capture worklet, fed by the microphone or by the sample question, both on the
 * same path.
 */
import type { FromCapture, ToCapture } from './capture-messages.js';
import { openMicrophone } from './microphone.js';
import workletUrl from './capture.worklet.ts?worker&url';

/** Rate of the frames that go up, in Hz. */
export const CAPTURE_RATE_HZ = 16_000;

export interface CaptureEvents {
  /** 20 ms of s16le, while sending. */
  onFrame(pcm: ArrayBuffer): void;
  /** Loudest sample of 20 ms. */
  onLevel(peak: number): void;
  /** The device went away (unplugged, or permission withdrawn). */
  onEnded(): void;
}

export class Capture {
  private stream: MediaStream | null = null;
  private source: MediaStreamAudioSourceNode | null = null;

  private constructor(
    private readonly context: AudioContext,
    private readonly node: AudioWorkletNode,
    private readonly events: CaptureEvents,
  ) {}

  /** Starts the worklet with no source: silence. */
  static async open(events: CaptureEvents): Promise<Capture> {
    const context = new AudioContext({ latencyHint: 'interactive' });
    await context.audioWorklet.addModule(workletUrl);
    const node = new AudioWorkletNode(context, 'janet-capture', {
      processorOptions: { rateHz: CAPTURE_RATE_HZ },
    });
    // The output is silent; the connection keeps the worklet running in every browser.
    node.connect(context.destination);
    node.port.onmessage = (event: MessageEvent<FromCapture>) => {
      events.onLevel(event.data.peak);
      if (event.data.pcm !== null) events.onFrame(event.data.pcm);
    };
    await context.resume();
    return new Capture(context, node, events);
  }

  get hasMicrophone(): boolean {
    return this.stream !== null;
  }

  /** Throws `MicError` if there is none to be had. */
  async connectMicrophone(): Promise<void> {
    if (this.stream !== null) return;
    const stream = await openMicrophone();
    this.stream = stream;
    this.source = this.context.createMediaStreamSource(stream);
    this.source.connect(this.node);
    stream.getAudioTracks()[0]?.addEventListener('ended', () => {
      this.disconnectMicrophone();
      this.events.onEnded();
    });
  }

  /** Lets the device go; the browser's recording light goes out. */
  disconnectMicrophone(): void {
    this.source?.disconnect();
    this.stream?.getTracks().forEach((track) => track.stop());
    this.source = null;
    this.stream = null;
  }

  set sending(on: boolean) {
    const message: ToCapture = { sending: on };
    this.node.port.postMessage(message);
  }

  /**
   * Plays a recording into the worklet in real time in place of the microphone, and aloud; resolves
   * at its end.
   */
  async playSample(file: ArrayBuffer): Promise<void> {
    const sample = this.context.createBufferSource();
    sample.buffer = await this.context.decodeAudioData(file);
    this.source?.disconnect();
    sample.connect(this.node);
    sample.connect(this.context.destination);
    await new Promise<void>((resolve) => {
      sample.onended = () => resolve();
      sample.start();
    });
    sample.disconnect();
    this.source?.connect(this.node);
  }

  /** Ends everything. */
  async close(): Promise<void> {
    this.disconnectMicrophone();
    this.node.port.onmessage = null;
    await this.context.close();
  }
}
