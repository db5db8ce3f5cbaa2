/** Her own head: a stylised one, made of nothing but code. A `Figure`; its parts are in head/. */
import { BackSide, Group, Mesh, MeshBasicMaterial, MeshStandardMaterial, Object3D, Vector3, type BufferGeometry, type Material } from 'three';
import { TONES, type Figure, type FacePose } from './figure.js';
import { clothGeometry, neckGeometry } from './head/body.js';
import { HAIR_DARK } from './head/colours.js';
import { browPart } from './head/brows.js';
import { Eye } from './head/eyes.js';
import { hairGeometry } from './head/hair.js';
import { morphing } from './head/morph.js';
import { MORPHS, REST } from './head/shape.js';
import { skinPart } from './head/skin.js';
import { EYE, onFace } from './head/skull.js';
import { teethPart, tonguePart } from './head/teeth.js';
import { VISEMES } from './weights.js';

/** The parts are made in units of 10 cm. */
const SCALE = 0.1;
/** Where the head turns on the neck, and where the neck begins, below the middle of the head. */
const PIVOT = { y: -0.72, z: -0.2 } as const;
const NECK = -1.5;
/** How much the shoulders rise with a breath. */
const BREATH = 0.03;

const OF_VISEME = VISEMES.map((viseme) => (viseme === 'sil' ? -1 : MORPHS.indexOf(viseme)));
const SMILE = MORPHS.indexOf('happy');
const BROW = MORPHS.indexOf('browRaise');
const OF_TONE = TONES.map((tone) => (tone === 'neutral' ? -1 : MORPHS.indexOf(tone)));

/** Those that move; what is still is made on the spot. */
type Geometries = Record<'skin' | 'upperTeeth' | 'lowerTeeth' | 'tongue' | 'leftBrow' | 'rightBrow', BufferGeometry>;

export class Head implements Figure {
  readonly object = new Group();
  readonly head = new Object3D();
  private readonly turning = new Group();
  private readonly torso = new Group();
  private readonly eyes: readonly Eye[];
  private readonly morphs: Mesh[] = [];
  private readonly geometries: BufferGeometry[] = [];
  private readonly materials: Material[] = [];
  private readonly gaze = new Vector3();

  private constructor(geometries: Geometries) {
    const matte = this.material(0.62);
    const wet = this.material(0.28);
    const hair = this.material(0.58);
    // Inside of the hair is shadow, whatever the light.
    const shadow = new MeshBasicMaterial({ color: HAIR_DARK, side: BackSide });
    const spark = new MeshBasicMaterial({ color: '#ffffff' });
    this.materials.push(shadow, spark);
    const cloth = this.material(0.95);
    this.turning.position.set(0, PIVOT.y, PIVOT.z);
    const skull = new Group();
    skull.position.set(0, -PIVOT.y, -PIVOT.z);
    this.turning.add(skull);
    const { skin, upperTeeth, lowerTeeth, tongue, leftBrow, rightBrow } = geometries;
    for (const [geometry, material] of [
      [skin, matte],
      [upperTeeth, wet],
      [lowerTeeth, wet],
      [tongue, wet],
      [leftBrow, matte],
      [rightBrow, matte],
    ] as const) {
      const mesh = new Mesh(this.keep(geometry), material);
      this.morphs.push(mesh);
      skull.add(mesh);
    }
    const locks = this.keep(hairGeometry());
    skull.add(new Mesh(locks, hair), new Mesh(locks, shadow));
    this.eyes = ([1, -1] as const).map((side) => new Eye(side, { ball: wet, skin: matte, lashes: matte, spark }));
    skull.add(...this.eyes.map((eye) => eye.object));
    const between = onFace(0, EYE.y, new Vector3());
    this.head.position.copy(between);
    skull.add(this.head);

    this.torso.add(new Mesh(this.keep(neckGeometry()), matte), new Mesh(this.keep(clothGeometry()), cloth));
    const whole = new Group();
    whole.scale.setScalar(SCALE);
    whole.position.y = -NECK * SCALE;
    whole.add(this.turning, this.torso);
    this.object.add(whole);
  }

  /** Her head, made in steps of a few ms: whoever makes it has other things to do in between. */
  static *steps(): Generator<void, Head> {
    return new Head({
      skin: yield* morphing(skinPart(REST)),
      upperTeeth: yield* morphing(teethPart(true)),
      lowerTeeth: yield* morphing(teethPart(false)),
      tongue: yield* morphing(tonguePart()),
      leftBrow: yield* morphing(browPart(1)),
      rightBrow: yield* morphing(browPart(-1)),
    });
  }

  /** The same at once. */
  static make(): Head {
    const steps = Head.steps();
    for (;;) {
      const step = steps.next();
      if (step.done === true) return step.value;
    }
  }

  apply(pose: FacePose): void {
    this.turning.rotation.set(pose.headPitch, pose.headYaw, pose.headRoll, 'YXZ');
    this.torso.position.y = BREATH * pose.breath;
    this.turning.position.y = PIVOT.y + BREATH * 0.7 * pose.breath;
    const influences = this.influences(pose);
    for (const mesh of this.morphs) {
      const own = mesh.morphTargetInfluences as number[];
      for (let i = 0; i < own.length; i += 1) own[i] = influences[i] as number;
    }
    this.look(pose);
  }

  /** What each of `MORPHS` is at, as it is drawn. */
  rendered(): readonly number[] {
    return this.morphs[0]?.morphTargetInfluences ?? [];
  }

  dispose(): void {
    this.eyes.forEach((eye) => eye.dispose());
    this.geometries.forEach((geometry) => geometry.dispose());
    this.materials.forEach((material) => material.dispose());
  }

  private readonly shares = new Float32Array(MORPHS.length);

  private influences(pose: FacePose): Float32Array {
    const { shares } = this;
    shares.fill(0);
    let speaks = 0;
    OF_VISEME.forEach((morph, viseme) => {
      if (morph === -1) return;
      const weight = share(pose.weights[viseme]);
      shares[morph] = weight;
      speaks += weight;
    });
    // A mouth has one shape: weights that are more than one together would tear it.
    if (speaks > 1) for (const morph of OF_VISEME) if (morph !== -1) shares[morph] = (shares[morph] as number) / speaks;
    const tone = OF_TONE[TONES.indexOf(pose.tone)] ?? -1;
    // While she speaks the mouth belongs to the words, by more than half.
    if (tone !== -1) shares[tone] = share(pose.toneIntensity) * (1 - 0.35 * Math.min(1, speaks));
    shares[SMILE] = Math.max(shares[SMILE] as number, share(pose.smile) * (1 - 0.35 * Math.min(1, speaks)));
    shares[BROW] = share(pose.brow);
    return shares;
  }

  private look(pose: FacePose): void {
    const squint = pose.tone === 'happy' ? share(pose.toneIntensity) * 0.75 : pose.tone === 'thinking' ? share(pose.toneIntensity) * 0.25 : 0;
    for (const eye of this.eyes) {
      let yaw = 0;
      let pitch = 0;
      if (pose.gazeTarget !== null) {
        // Into the head's own space, from this eye.
        this.gaze.copy(pose.gazeTarget);
        eye.object.parent?.worldToLocal(this.gaze);
        this.gaze.sub(eye.object.position);
        yaw = Math.atan2(this.gaze.x, this.gaze.z);
        pitch = Math.atan2(this.gaze.y, Math.hypot(this.gaze.x, this.gaze.z));
      }
      eye.look(yaw, pitch);
      eye.lids(share(pose.blink), squint, pitch);
    }
  }

  private keep(geometry: BufferGeometry): BufferGeometry {
    this.geometries.push(geometry);
    return geometry;
  }

  private material(roughness: number): MeshStandardMaterial {
    const material = new MeshStandardMaterial({ vertexColors: true, roughness, metalness: 0 });
    this.materials.push(material);
    return material;
  }
}

/** Between 0 and 1; what is no number is 0. */
function share(value: number | undefined): number {
  return value !== undefined && value > 0 ? Math.min(1, value) : 0;
}
