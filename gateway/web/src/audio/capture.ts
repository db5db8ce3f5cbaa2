/**
 * What goes up: one capture worklet, fed by the microphone or by the sample question, both on the
 * same path. A call takes the tracks themselves, and the worklet only measures.
 */
import type { CaptureOptions, FromCapture, ToCapture } from './capture-messages.js';
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
  private stand: MediaStreamAudioDestinationNode | null = null;
  private meter: { source: MediaStreamAudioSourceNode; node: AudioWorkletNode } | null = null;

  private constructor(
    private readonly context: AudioContext,
    private readonly node: AudioWorkletNode,
    private readonly events: CaptureEvents,
  ) {}

  /** Starts the worklet with no source: silence. */
  static async open(events: CaptureEvents): Promise<Capture> {
    const context = new AudioContext({ latencyHint: 'interactive' });
    await context.audioWorklet.addModule(workletUrl);
    const node = captureNode(context);
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

  /** The microphone's sound, for a call. */
  get microphone(): MediaStreamTrack | null {
    return this.stream?.getAudioTracks()[0] ?? null;
  }

  /** What a call carries in its place: silence, but for the sample question while that is played. */
  get standIn(): MediaStreamTrack {
    if (this.stand === null) {
      this.stand = new MediaStreamAudioDestinationNode(this.context, { channelCount: 1 });
      // With nothing at its input that sounds, Chromium sends nothing, in place of silence.
      const silence = new ConstantSourceNode(this.context, { offset: 0 });
      silence.connect(this.stand);
      silence.start();
    }
    return this.stand.stream.getAudioTracks()[0] as MediaStreamTrack;
  }

  /** How long sound takes from here to the ear, in ms, as far as the browser knows. */
  get outputLatencyMs(): number {
    // Safari does not know it.
    return (this.context.outputLatency ?? this.context.baseLatency ?? 0) * 1000;
  }

  /** How long the microphone's sound takes to here, in ms, as far as the browser knows; null: it does not say. */
  get inputLatencyMs(): number | null {
    const { microphone } = this;
    if (microphone === null) return null;
    // Of the browsers only Chromium says either; TypeScript knows neither.
    const { latency } = microphone.getSettings() as { latency?: number };
    const { averageLatency } = (microphone as { stats?: { averageLatency?: number } }).stats ?? {};
    if (typeof averageLatency === 'number' && averageLatency > 0) return averageLatency;
    return typeof latency === 'number' ? latency * 1000 : null;
  }

  /**
   * Opens the microphone of this id, empty for the system's, with the browser's echo cancellation or
   * without; false when it is another one because that is not there. Throws `MicError` if there is none to be had.
   */
  async connectMicrophone(id: string, echo: boolean): Promise<boolean> {
    if (this.stream !== null) return true;
    const { stream, isChosen } = await openMicrophone(id, echo);
    this.stream = stream;
    this.source = this.context.createMediaStreamSource(stream);
    this.source.connect(this.node);
    stream.getAudioTracks()[0]?.addEventListener('ended', () => {
      // Another one may have taken its place by now.
      if (this.stream !== stream) return;
      this.disconnectMicrophone();
      this.events.onEnded();
    });
    return isChosen;
  }

  /** Measures how loud this is, 20 ms by 20 ms; null: nothing any more. */
  measure(stream: MediaStream | null, onLevel: (peak: number) => void = () => undefined): void {
    this.meter?.source.disconnect();
    this.meter?.node.disconnect();
    this.meter = null;
    if (stream === null) return;
    const source = this.context.createMediaStreamSource(stream);
    const node = captureNode(this.context);
    node.port.onmessage = (event: MessageEvent<FromCapture>) => onLevel(event.data.peak);
    source.connect(node);
    this.meter = { source, node };
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
    if (this.stand !== null) sample.connect(this.stand);
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
    this.measure(null);
    this.node.port.onmessage = null;
    await this.context.close();
  }
}

function captureNode(context: AudioContext): AudioWorkletNode {
  const processorOptions: CaptureOptions = { rateHz: CAPTURE_RATE_HZ };
  const node = new AudioWorkletNode(context, 'janet-capture', { processorOptions });
  // The output is silent; the connection keeps the worklet running in every browser.
  node.connect(context.destination);
  return node;
}
