/** Has a sound come from somewhere around the listener, who is in the middle and looks along -z. */

/** Right, up and backwards, in metres. */
export interface SoundPlace {
  readonly x: number;
  readonly y: number;
  readonly z: number;
}

/** At this distance she is as loud as without it. */
const REFERENCE_M = 1.2;

export class PlacedOutput {
  private readonly panner: PannerNode;

  constructor(
    context: AudioContext,
    private readonly source: AudioNode,
  ) {
    this.panner = new PannerNode(context, { panningModel: 'HRTF', distanceModel: 'inverse', refDistance: REFERENCE_M, rolloffFactor: 1 });
    source.connect(this.panner);
    this.panner.connect(context.destination);
  }

  /** Moves it. Called for every frame that a headset shows. */
  move({ x, y, z }: SoundPlace): void {
    const { positionX, positionY, positionZ } = this.panner;
    positionX.value = x;
    positionY.value = y;
    positionZ.value = z;
  }

  close(): void {
    this.source.disconnect(this.panner);
    this.panner.disconnect();
  }
}
