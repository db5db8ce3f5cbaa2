/** For looking at her face: draws the poses that a script asks for. Not shipped; `tests/browser/face-shots.mjs` uses it. */
import { Quaternion, Vector3 } from 'three';
import { restingPose, type FacePose } from '../src/face/figure.js';
import { Head } from '../src/face/head.js';
import { Stage3d } from '../src/face/stage3d.js';
import { Director } from '../src/face/director.js';
import { closedMouth, FaceTimeline, POSITION_HZ, VISEMES, type Viseme } from '../src/face/weights.js';

/** What a script may ask for: any part of a pose, weights by name, and from where one looks. */
export interface Asked extends Partial<Omit<FacePose, 'weights' | 'gazeTarget'>> {
  weights?: Partial<Record<Viseme, number>>;
  /** The point looked at, in metres from the camera: to the picture's right, up, towards one. */
  gaze?: [number, number, number];
  /** Turns the whole figure about the vertical, in radians. */
  turn?: number;
  /** 1 is the page's distance; larger is nearer. */
  zoom?: number;
  dark?: boolean;
}

const canvas = document.querySelector<HTMLCanvasElement>('#view') as HTMLCanvasElement;

const head = Head.make();
const stage = Stage3d.open(canvas, { pose: () => restingPose(closedMouth()), calm: () => true, onLost: () => undefined, onRestored: () => undefined });
if (stage === null) throw new Error('this browser has no WebGL 2');
stage.setFigure(head);
const renderer = stage.renderer;
renderer.setPixelRatio(1);

function pose(asked: Asked): FacePose {
  const { weights, gaze, turn: _turn, zoom: _zoom, dark: _dark, ...rest } = asked;
  const mouth = closedMouth();
  if (weights !== undefined) VISEMES.forEach((viseme, i) => (mouth[i] = weights[viseme] ?? 0));
  const [x, y, z] = gaze ?? [0, 0, 0];
  const target = stage!.camera.position.clone().add(new Vector3(x, y, z));
  return { ...restingPose(mouth), gazeTarget: target, ...rest };
}

/** Draws it, and gives the picture as a PNG. */
function shoot(asked: Asked, width = 480, height = 480): string {
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  document.body.classList.toggle('dark', asked.dark === true);
  stage!.setDark(asked.dark === true);
  renderer.setPixelRatio(1);
  renderer.setSize(width, height, false);
  stage!.camera.aspect = width / height;
  stage!.camera.zoom = asked.zoom ?? 1;
  stage!.camera.updateProjectionMatrix();
  head.object.rotation.y = asked.turn ?? 0;
  stage!.draw(pose(asked), 1 / 60);
  return canvas.toDataURL('image/png');
}

/** A frame as Janet sends it. */
interface Sent {
  at_sample: number;
  weights: ReadonlyArray<readonly [number, number]>;
}

const MS = POSITION_HZ / 1_000;

/** The mouth at `count` moments of what Janet sent, from where it opens until it is closed, through the page's own timeline. */
function say(sent: readonly Sent[], count: number): Array<{ at: number; most: Viseme; weights: Partial<Record<Viseme, number>> }> {
  const timeline = new FaceTimeline();
  for (const { at_sample: at, weights } of sent) {
    const mouth = new Float32Array(VISEMES.length);
    for (const [viseme, weight] of weights) mouth[viseme] = weight / 255;
    timeline.push({ at, weights: mouth });
  }
  const moving = sent.filter(({ weights }) => weights.some(([viseme, weight]) => viseme > 0 && weight > 25));
  const [first, last] = [moving[0]?.at_sample ?? 0, moving.at(-1)?.at_sample ?? 0];
  return Array.from({ length: count }, (_, i) => {
    const at = Math.round(first + ((last - first) * i) / (count - 1));
    const mouth = timeline.sample(at, new Float32Array(VISEMES.length));
    const most = VISEMES[mouth.indexOf(Math.max(...mouth))] as Viseme;
    return { at: (at - first) / MS, most, weights: Object.fromEntries(VISEMES.map((viseme, n) => [viseme, mouth[n] ?? 0])) };
  });
}

/** Triangles and calls of a picture, and what 95 of `poses` poses stayed below, in ms of CPU. */
function cost(poses: number): { triangles: number; calls: number; animateMs: number } {
  const director = new Director(7);
  const [eyes, stands] = [head.head.getWorldPosition(new Vector3()), new Quaternion()];
  const times: number[] = [];
  for (let i = 0; i < poses; i += 1) {
    const weights = closedMouth();
    weights[1 + (i % 9)] = Math.random();
    const begun = performance.now();
    head.apply(director.pose(i * 16, { weights, position: i * 768, cues: [], viewer: stage!.camera.position, eyes, stands, reduced: false }));
    stage!.scene.updateMatrixWorld();
    times.push(performance.now() - begun);
  }
  times.sort((a, b) => a - b);
  const { triangles, calls } = renderer.info.render;
  return { triangles, calls, animateMs: times[Math.floor(times.length * 0.95)] ?? 0 };
}

declare global {
  interface Window {
    faceStudio: { shoot: typeof shoot; say: typeof say; cost: typeof cost };
  }
}
window.faceStudio = { shoot, say, cost };
