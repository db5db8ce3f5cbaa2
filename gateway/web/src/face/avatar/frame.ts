/**
 * Where an avatar stands: in metres, with the base of its neck at the origin and its face towards +z, as her
 * own head is. Files count in whatever they like and put themselves wherever they like.
 */
import { Box3, Group, Matrix4, Object3D, Quaternion, Vector3 } from 'three';
import { AvatarError } from './fault.js';
import type { Bones } from './joints.js';

/** A head by itself, in metres. */
const HEAD_ALONE = { smallest: 0.12, largest: 0.7, usual: 0.3 } as const;
/** Somebody with bones: from a bust to a tall one. */
const BODY = { smallest: 0.4, largest: 3, usual: 1.65 } as const;
/** Less than that nobody sees, in whatever the file counts. */
const SMALLEST = 1e-6;
/** From the neck's base to between the eyes, and forward from there, where no bone says so. */
const EYES_ABOVE_HEAD = 0.07;
const EYES_BEFORE_HEAD = 0.08;

export interface Framed {
  /** What goes into the scene. */
  readonly object: Group;
  /** Between the eyes; moves with the head, and has the figure's axes at rest. */
  readonly eyes: Object3D;
}

/** Puts `scene` into a group of the right size and place. `headBone` is what the eyes move with. */
export function frame(scene: Object3D, bones: Bones, headBone: Object3D | undefined): Framed {
  const object = new Group();
  object.name = 'avatar';
  const holder = new Group();
  holder.add(scene);
  object.add(holder);
  object.updateMatrixWorld(true);

  const bounds = boundsOf(scene, bones);
  const extent = bounds.getSize(new Vector3());
  if (!(Math.max(extent.x, extent.y, extent.z) > SMALLEST)) throw new AvatarError('failed', 'nothing of it can be seen');
  const height = bounds.max.y - bounds.min.y;
  const size = headBone === undefined ? HEAD_ALONE : BODY;
  if (height > 0 && Number.isFinite(height) && (height < size.smallest || height > size.largest)) {
    // Centimetres are common.
    const inMetres = height / 100;
    holder.scale.setScalar(inMetres >= size.smallest && inMetres <= size.largest ? 0.01 : size.usual / height);
    object.updateMatrixWorld(true);
    bounds.copy(boundsOf(scene, bones));
  }

  const neck = placeOf(bones.get('neck') ?? headBone) ?? bounds.getCenter(new Vector3()).setY(bounds.min.y);
  const between = eyesOf(bones, headBone, bounds);
  holder.position.sub(neck);
  between.sub(neck);
  object.updateMatrixWorld(true);

  const eyes = new Object3D();
  eyes.name = 'between the eyes';
  const carrier = headBone ?? holder;
  const local = new Matrix4().copy(carrier.matrixWorld).invert().multiply(new Matrix4().compose(between, new Quaternion(), new Vector3(1, 1, 1)));
  local.decompose(eyes.position, eyes.quaternion, eyes.scale);
  carrier.add(eyes);
  object.updateMatrixWorld(true);
  return { object, eyes };
}

/** Of what is drawn and of the bones. Vertex by vertex: the quick way takes all shapes for one upon another. */
function boundsOf(scene: Object3D, bones: Bones): Box3 {
  const bounds = new Box3().setFromObject(scene, true);
  for (const bone of bones.values()) bounds.expandByPoint(bone.getWorldPosition(new Vector3()));
  return bounds;
}

function eyesOf(bones: Bones, headBone: Object3D | undefined, bounds: Box3): Vector3 {
  const left = placeOf(bones.get('leftEye'));
  const right = placeOf(bones.get('rightEye'));
  if (left !== null && right !== null) return left.add(right).multiplyScalar(0.5);
  const head = placeOf(headBone);
  if (head !== null) return head.add(new Vector3(0, EYES_ABOVE_HEAD, EYES_BEFORE_HEAD));
  const height = bounds.max.y - bounds.min.y;
  return bounds.getCenter(new Vector3()).add(new Vector3(0, height * 0.08, (bounds.max.z - bounds.min.z) * 0.4));
}

function placeOf(bone: Object3D | undefined): Vector3 | null {
  return bone === undefined ? null : bone.getWorldPosition(new Vector3());
}
