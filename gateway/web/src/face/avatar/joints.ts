/** The bones of an avatar that she moves. Whatever way their axes lie, turns are told in the figure's own. */
import { Matrix4, Quaternion, Vector3, type Bone, type Object3D } from 'three';
import { knownBone, type BoneName } from './names.js';

export type Bones = ReadonlyMap<BoneName, Object3D>;

/** By their names; real bones before other nodes, and no meshes. */
export function bonesByName(root: Object3D): Bones {
  const found = new Map<BoneName, Object3D>();
  root.traverse((object) => {
    const { isBone = false, isMesh = false } = object as Partial<Bone> & { isMesh?: boolean };
    const name = isMesh ? undefined : knownBone(object.name);
    if (name === undefined) return;
    const before = found.get(name) as (Object3D & Partial<Bone>) | undefined;
    if (before === undefined || (isBone && before.isBone !== true)) found.set(name, object);
  });
  return found;
}

export class Joint {
  private readonly rest: Quaternion;
  /** From the axes of its parent to those of the figure, at rest. */
  private readonly toFigure: Quaternion;
  private readonly fromFigure: Quaternion;

  /** `figure` and what lies between have to be as they are at rest, with their matrices. */
  constructor(
    private readonly bone: Object3D,
    figure: Object3D,
  ) {
    this.rest = bone.quaternion.clone();
    const toFigure = new Matrix4().copy(figure.matrixWorld).invert();
    if (bone.parent !== null) toFigure.multiply(bone.parent.matrixWorld);
    this.toFigure = new Quaternion();
    toFigure.decompose(new Vector3(), this.toFigure, new Vector3());
    this.fromFigure = this.toFigure.clone().invert();
  }

  /** Turns it from its rest by `turn`, which is told in the figure's axes. */
  turn(turn: Quaternion): void {
    this.bone.quaternion.copy(this.fromFigure).multiply(turn).multiply(this.toFigure).multiply(this.rest);
  }
}

/** How arms hang at rest: down, a little outwards and forwards. */
const HANGING = new Vector3(0.25, -1, 0.08).normalize();
/** Arms that point further down than this hang already. */
const HANGS = -0.6;

/** Avatars come with their arms held out, as they are made. */
export function lowerArms(bones: Bones, figure: Object3D): void {
  for (const side of ['left', 'right'] as const) {
    const upper = bones.get(`${side}UpperArm`);
    const lower = bones.get(`${side}LowerArm`);
    if (upper === undefined || lower === undefined) continue;
    const along = lower.getWorldPosition(new Vector3()).sub(upper.getWorldPosition(new Vector3())).transformDirection(new Matrix4().copy(figure.matrixWorld).invert());
    if (along.lengthSq() === 0 || along.y < HANGS) continue;
    const wanted = HANGING.clone();
    wanted.x *= along.x < 0 ? -1 : 1;
    new Joint(upper, figure).turn(new Quaternion().setFromUnitVectors(along, wanted));
  }
}
