/**
 * A visit by headset, from the press of the button to its end, however it ends. The stage goes on drawing
 * what it draws; here is the room that the headset moves in, where she is in it, what is held, and what is
 * told of it.
 */
import { Group, Quaternion, Vector3, type Color, type Object3D, type PerspectiveCamera, type Scene, type Texture, type WebGLRenderer } from 'three';
import { Controllers } from './controllers.js';
import { placeRoom } from './placement.js';
import { PoseReport, type VrPose } from './pose-report.js';
import type { VisitStats } from '../../stats.js';
import { AWAY, type XrMode, type XrState } from './words.js';

/** What is visited. */
export interface VisitedStage {
  readonly renderer: WebGLRenderer;
  readonly scene: Scene;
  readonly camera: PerspectiveCamera;
  /** What the visitor is put in front of. */
  readonly face: Object3D;
}

export interface VisitEvents {
  onState(state: XrState): void;
  onSelect(down: boolean): void;
  /** The session of voice in real time that poses are told of; null without one. */
  sessionId(): string | null;
  onPose(pose: VrPose): void;
  /** Where her head is, seen from the headset (right, up, backwards, in metres); null: nowhere. Changes with the next frame. */
  onHeard(at: Vector3 | null): void;
}

const MODES = { vr: 'immersive-vr', ar: 'immersive-ar' } as const;

interface Stay {
  readonly session: XRSession;
  readonly mode: XrMode;
  readonly space: XRReferenceSpace;
  readonly controllers: Controllers;
  /** What the scene had behind it. */
  readonly background: Color | Texture | null;
  /** What the camera was in; the stage aims it anew afterwards. */
  readonly parent: Object3D | null;
}

export class Visit {
  /** For a look at it: `window.__janet` shows copies. */
  readonly counters: VisitStats = { state: 'away', seen: null, frames: 0, views: 0, poses: 0, headset: [0, 0, 0], face: [0, 0, 0] };
  /** Moves as the headset's room does in the scene. */
  private readonly room = new Group();
  private readonly report = new PoseReport();
  private readonly headset = new Vector3();
  private readonly facing = new Quaternion();
  private readonly inScene = new Vector3();
  private readonly heard = new Vector3();
  private readonly heardTurn = new Quaternion();
  private readonly faceAt = new Vector3();
  private state: XrState = AWAY;
  private stay: Stay | null = null;
  /** She is brought in front with the next frame whose headset is known. */
  private toPlace = false;

  constructor(
    private readonly stage: VisitedStage,
    private readonly events: VisitEvents,
  ) {}

  get isOn(): boolean {
    return this.stay !== null;
  }

  /** Needs a user's gesture, and nothing waited for before it. Throws what the browser throws. */
  async enter(mode: XrMode): Promise<void> {
    const { xr } = navigator as Partial<Navigator>;
    if (this.state.kind !== 'away' || xr === undefined) return;
    const asked = xr.requestSession(MODES[mode], { optionalFeatures: ['local-floor'] });
    this.show({ kind: 'asking', mode });
    let session: XRSession | null = null;
    try {
      session = await asked;
      await this.begin(session, mode);
    } catch (error) {
      await session?.end().catch(() => undefined);
      this.show(AWAY);
      throw error;
    }
  }

  /** Ends it; the headset may end it by itself, too. */
  async leave(): Promise<void> {
    // One that is over already has nothing left to end.
    await this.stay?.session.end().catch(() => undefined);
  }

  /** She is in front of the visitor from the next frame on. */
  bring(): void {
    this.toPlace = true;
  }

  /**
   * Called for every frame of a visit, before she is posed; gives what she looks at, in the scene. Null
   * where the headset is not known.
   */
  frame(now: number, frame: XRFrame): Vector3 | null {
    const { stay } = this;
    if (stay === null) return null;
    this.counters.frames += 1;
    const viewer = frame.getViewerPose(stay.space);
    if (viewer === undefined || viewer === null) return null;
    this.counters.views = viewer.views.length;
    const { position: p, orientation: q } = viewer.transform;
    this.headset.set(p.x, p.y, p.z);
    this.facing.set(q.x, q.y, q.z, q.w);
    this.stage.face.getWorldPosition(this.faceAt);
    if (this.toPlace) {
      this.toPlace = false;
      placeRoom(this.room, this.headset, this.facing, this.faceAt);
    }
    this.inScene.copy(this.headset).applyMatrix4(this.room.matrixWorld);
    this.inScene.toArray(this.counters.headset);
    this.faceAt.toArray(this.counters.face);
    this.hear();
    this.tell(now, frame, viewer, stay);
    return this.inScene;
  }

  private async begin(session: XRSession, mode: XrMode): Promise<void> {
    const { renderer, scene, camera } = this.stage;
    // Without a floor the middle of the room is where the head was.
    const type = await session.requestReferenceSpace('local-floor').then(
      () => 'local-floor' as const,
      () => 'local' as const,
    );
    renderer.xr.enabled = true;
    renderer.xr.setReferenceSpaceType(type);
    session.addEventListener('end', this.onEnd, { once: true });
    session.addEventListener('visibilitychange', this.onVisibility);
    // Without graphics there is nothing to see.
    renderer.domElement.addEventListener('webglcontextlost', this.onGraphicsLost);
    await renderer.xr.setSession(session);
    const space = renderer.xr.getReferenceSpace();
    // It may be over before it has begun.
    if (space === null) throw new DOMException('the session ended', 'AbortError');
    space.addEventListener('reset', this.onReset);
    this.stay = {
      session,
      mode,
      space,
      controllers: new Controllers(renderer, session, this.room, { onSelect: (down) => this.events.onSelect(down), onSqueeze: () => this.bring() }),
      background: scene.background,
      parent: camera.parent,
    };
    // The room itself is what is behind her.
    if (mode === 'ar') scene.background = null;
    this.room.add(camera);
    scene.add(this.room);
    Object.assign(this.counters, { frames: 0, views: 0, poses: 0 });
    this.bring();
    this.show({ kind: 'there', mode, seen: seen(session) });
  }

  private readonly onEnd = (): void => {
    const { stay } = this;
    this.stay = null;
    const { renderer, scene, camera } = this.stage;
    renderer.xr.enabled = false;
    renderer.domElement.removeEventListener('webglcontextlost', this.onGraphicsLost);
    if (stay !== null) {
      stay.session.removeEventListener('visibilitychange', this.onVisibility);
      stay.space.removeEventListener('reset', this.onReset);
      stay.controllers.dispose();
      scene.background = stay.background;
      camera.removeFromParent();
      stay.parent?.add(camera);
    }
    this.room.removeFromParent();
    this.events.onHeard(null);
    this.show(AWAY);
  };

  private readonly onGraphicsLost = (): void => void this.leave();

  private readonly onVisibility = (): void => {
    const { stay } = this;
    if (stay === null) return;
    // What was held down is up, as far as this page will ever know.
    if (stay.session.visibilityState !== 'visible') stay.controllers.release();
    this.show({ kind: 'there', mode: stay.mode, seen: seen(stay.session) });
  };

  /** The visitor has set the middle of the room anew. */
  private readonly onReset = (): void => this.bring();

  /** Her head from the headset. */
  private hear(): void {
    this.heardTurn.copy(this.room.quaternion).multiply(this.facing).invert();
    this.heard.copy(this.faceAt).sub(this.inScene).applyQuaternion(this.heardTurn);
    this.events.onHeard(this.heard);
  }

  private tell(now: number, frame: XRFrame, viewer: XRViewerPose, { session, space }: Stay): void {
    if (!this.report.due(now)) return;
    const sessionId = this.events.sessionId();
    if (sessionId === null) return;
    let left: XRRigidTransform | null = null;
    let right: XRRigidTransform | null = null;
    for (const { gripSpace, handedness } of session.inputSources) {
      const held = gripSpace ? (frame.getPose(gripSpace, space)?.transform ?? null) : null;
      if (handedness === 'left') left = held;
      else if (handedness === 'right') right = held;
    }
    const pose = this.report.take(now, sessionId, viewer.transform, left, right);
    if (pose === null) return;
    this.counters.poses += 1;
    this.events.onPose(pose);
  }

  private show(state: XrState): void {
    this.state = state;
    this.counters.state = state.kind;
    this.counters.seen = state.kind === 'there' ? state.seen : null;
    this.events.onState(state);
  }
}

function seen({ visibilityState }: XRSession): 'visible' | 'blurred' | 'hidden' {
  return visibilityState === 'visible-blurred' ? 'blurred' : visibilityState;
}
