/** An avatar as a figure: her pose becomes turns of its bones and values of its shapes, or of VRM's expressions. */
import { Euler, Quaternion, Vector3, type Object3D } from 'three';
import type { VRM } from '@pixiv/three-vrm';
import type { Figure, FacePose } from '../figure.js';
import { frame } from './frame.js';
import { bonesByName, Joint, lowerArms, type Bones } from './joints.js';
import type { BoneName } from './names.js';
import type { Face } from './shapes.js';

/** How far eyes turn, in radians. */
const EYES_MOST = { pitch: 0.35, yaw: 0.5 } as const;
/** Of a turn of the head, what the neck does. */
const NECK_SHARE = 0.4;
/** How far the chest leans back when she has breathed in, in radians. */
const BREATH_RAD = 0.02;
/** A jaw bone at its widest, in radians. */
const JAW_RAD = 0.3;
/** How far each shape of `VISEMES` opens a jaw: sil A E I O U M F Th P. */
const JAW_OPENS = [0, 1, 0.55, 0.25, 0.75, 0.35, 0, 0.1, 0.25, 0.2];
/** Springs take no longer step: after a hidden tab they would fly off. */
const LONGEST_STEP_S = 0.1;

/** What moves the mouth; for what is said of it. */
export type MouthBy = 'shapes' | 'jaw';

export interface AvatarParts {
  readonly scene: Object3D;
  readonly vrm: VRM | null;
  readonly bones: Bones;
  readonly face: Face;
  /** Lets go of what was loaded. */
  readonly dispose: () => void;
}

export class AvatarFigure implements Figure {
  readonly object: Object3D;
  readonly head: Object3D;
  readonly mouthBy: MouthBy;
  private readonly vrm: VRM | null;
  private readonly face: Face;
  private readonly disposeParts: () => void;
  private readonly joints: Partial<Record<BoneName, Joint>> = {};
  private readonly lookedAt = new Vector3();
  private readonly looks = { pitch: 0, yaw: 0 };
  private readonly euler = new Euler(0, 0, 0, 'YXZ');
  private readonly turned = new Quaternion();

  constructor({ scene, vrm, bones, face, dispose }: AvatarParts) {
    // Eyes move with the bone that is drawn; of VRM's there are two of each, one for turning.
    const { object, eyes } = frame(scene, bones, vrm?.humanoid.getRawBoneNode('head') ?? bones.get('head'));
    this.object = object;
    this.head = eyes;
    this.vrm = vrm;
    this.face = face;
    this.disposeParts = dispose;
    for (const name of ['head', 'neck', 'chest', 'jaw', 'leftEye', 'rightEye'] as const) {
      const bone = bones.get(name);
      if (bone !== undefined) this.joints[name] = new Joint(bone, object);
    }
    lowerArms(bones, object);
    this.mouthBy = face.speaks ? 'shapes' : 'jaw';
    if (vrm !== null) {
      vrm.update(0);
      vrm.springBoneManager?.reset();
    }
  }

  apply(pose: FacePose, dtSeconds: number): void {
    const step = dtSeconds > 0 ? Math.min(dtSeconds, LONGEST_STEP_S) : 0;
    this.turnHead(pose);
    this.look(pose.gazeTarget);
    if (this.mouthBy === 'jaw') this.openJaw(pose);
    this.face.apply(pose, this.looks.pitch, this.looks.yaw, step);
    this.vrm?.update(step);
  }

  dispose(): void {
    this.object.removeFromParent();
    this.disposeParts();
  }

  private turnHead({ headPitch, headYaw, headRoll, breath }: FacePose): void {
    const { head, neck, chest } = this.joints;
    const ofNeck = neck === undefined ? 0 : NECK_SHARE;
    neck?.turn(this.turn(headPitch * ofNeck, headYaw * ofNeck, headRoll * ofNeck));
    head?.turn(this.turn(headPitch * (1 - ofNeck), headYaw * (1 - ofNeck), headRoll * (1 - ofNeck)));
    chest?.turn(this.turn(-BREATH_RAD * breath, 0, 0));
  }

  /** Where the eyes have to turn to, from the head as it is now; and bones that are eyes are turned. */
  private look(target: Vector3 | null): void {
    const { looks } = this;
    looks.pitch = looks.yaw = 0;
    const lookAt = this.vrm?.lookAt ?? null;
    if (target !== null) {
      this.head.updateWorldMatrix(true, false);
      const { x, y, z } = this.head.worldToLocal(this.lookedAt.copy(target));
      looks.yaw = within(Math.atan2(x, z), EYES_MOST.yaw);
      looks.pitch = within(-Math.atan2(y, Math.hypot(x, z)), EYES_MOST.pitch);
    }
    if (lookAt !== null) {
      // Of its own ranges VRM knows better; it tells left and down by the same signs, in degrees.
      lookAt.yaw = (looks.yaw * 180) / Math.PI;
      lookAt.pitch = (looks.pitch * 180) / Math.PI;
      return;
    }
    const { leftEye, rightEye } = this.joints;
    if (leftEye === undefined && rightEye === undefined) return;
    const turn = this.turn(looks.pitch, looks.yaw, 0);
    leftEye?.turn(turn);
    rightEye?.turn(turn);
  }

  private openJaw({ weights }: FacePose): void {
    let open = 0;
    for (let at = 0; at < JAW_OPENS.length; at += 1) {
      const weight = weights[at] ?? 0;
      if (weight > 0) open += weight * (JAW_OPENS[at] ?? 0);
    }
    this.joints.jaw?.turn(this.turn(JAW_RAD * Math.min(1, open), 0, 0));
  }

  /** One at a time: the next call changes what this one gave. */
  private turn(pitch: number, yaw: number, roll: number): Quaternion {
    return this.turned.setFromEuler(this.euler.set(finite(pitch), finite(yaw), finite(roll)));
  }
}

/** The bones that she moves: those that VRM names, or whatever goes by such a name. */
export function bonesOf(scene: Object3D, vrm: VRM | null): Bones {
  if (vrm === null) return bonesByName(scene);
  const bones = new Map<BoneName, Object3D>();
  for (const name of ['head', 'neck', 'chest', 'jaw', 'leftUpperArm', 'rightUpperArm', 'leftLowerArm', 'rightLowerArm', 'leftEye', 'rightEye'] as const) {
    const bone = vrm.humanoid.getNormalizedBoneNode(name);
    if (bone !== null) bones.set(name, bone);
  }
  return bones;
}

function within(angle: number, most: number): number {
  return Math.min(most, Math.max(-most, finite(angle)));
}

function finite(value: number): number {
  return Number.isFinite(value) ? value : 0;
}
