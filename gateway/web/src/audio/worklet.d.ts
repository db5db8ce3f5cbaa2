/** The globals of an AudioWorklet's scope, which TypeScript's DOM library leaves out. */

declare abstract class AudioWorkletProcessor {
  readonly port: MessagePort;
  abstract process(inputs: Float32Array[][], outputs: Float32Array[][]): boolean;
}

declare function registerProcessor(
  name: string,
  processor: new (options: { processorOptions: never }) => AudioWorkletProcessor,
): void;

/** Sample rate of the context, in Hz. */
declare const sampleRate: number;
/** When the next block leaves, in seconds of the context's clock. */
declare const currentTime: number;
