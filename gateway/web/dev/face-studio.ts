/** For looking at her face: draws the poses that a script asks for. Not shipped; `tests/browser/face-shots.mjs` uses it. */
import { Vector3 } from 'three';
import { restingPose, type FacePose } from '../src/face/figure.js';
import { Head } from '../src/face/head.js';
import { Stage3d } from '../src/face/stage3d.js';
import { closedMouth, VISEMES, type Viseme } from '../src/face/weights.js';

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

const head = new Head();
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

/** Triangles and calls of the last picture, and what its pose cost (ms). */
function cost(): { triangles: number; calls: number; animateMs: number } {
  const { triangles, calls } = renderer.info.render;
  return { triangles, calls, animateMs: stage!.animateMs };
}

declare global {
  interface Window {
    faceStudio: { shoot: typeof shoot; cost: typeof cost };
  }
}
window.faceStudio = { shoot, cost };
