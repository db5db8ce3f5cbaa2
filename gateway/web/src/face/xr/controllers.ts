/** What the visitor holds: shown as a grip and a ray, and what is pressed on them. Both hands do the same. */
import { BufferGeometry, CylinderGeometry, Float32BufferAttribute, Line, LineBasicMaterial, Mesh, MeshStandardMaterial, type Object3D, type WebGLRenderer } from 'three';

export interface ControllerEvents {
  /** The trigger, or a pinch, goes down or up. */
  onSelect(down: boolean): void;
  /** The grip was squeezed. */
  onSqueeze(): void;
}

const HANDS = 2;
const RAY_M = 1;

export class Controllers {
  private readonly grip = new CylinderGeometry(0.018, 0.014, 0.1, 16).rotateX(Math.PI / 2);
  private readonly ray = new BufferGeometry().setAttribute('position', new Float32BufferAttribute([0, 0, 0, 0, 0, -RAY_M], 3));
  private readonly gripMaterial = new MeshStandardMaterial({ color: '#3b4a45', roughness: 0.6 });
  private readonly rayMaterial = new LineBasicMaterial({ color: '#9fd8c6', transparent: true, opacity: 0.55 });
  private readonly spaces: Object3D[] = [];
  private readonly session: XRSession;
  /** Which sources hold the trigger down. */
  private readonly down = new Set<XRInputSource>();

  constructor(
    renderer: WebGLRenderer,
    session: XRSession,
    room: Object3D,
    private readonly events: ControllerEvents,
  ) {
    this.session = session;
    for (let hand = 0; hand < HANDS; hand += 1) {
      // The loader of the frame fills these spaces in, and hides them while nothing is held.
      const grip = renderer.xr.getControllerGrip(hand);
      grip.add(new Mesh(this.grip, this.gripMaterial));
      const ray = renderer.xr.getController(hand);
      ray.add(new Line(this.ray, this.rayMaterial));
      this.spaces.push(grip, ray);
      room.add(grip, ray);
    }
    session.addEventListener('selectstart', this.onSelectStart);
    session.addEventListener('selectend', this.onSelectEnd);
    session.addEventListener('squeezestart', this.onSqueezeStart);
    session.addEventListener('inputsourceschange', this.onChange);
  }

  /** Lets go of whatever is held down: a menu lies over it, or the headset was taken off. */
  release(): void {
    if (this.down.size === 0) return;
    this.down.clear();
    this.events.onSelect(false);
  }

  dispose(): void {
    this.session.removeEventListener('selectstart', this.onSelectStart);
    this.session.removeEventListener('selectend', this.onSelectEnd);
    this.session.removeEventListener('squeezestart', this.onSqueezeStart);
    this.session.removeEventListener('inputsourceschange', this.onChange);
    this.release();
    for (const space of this.spaces) {
      // The renderer keeps the spaces for the next visit.
      space.clear();
      space.removeFromParent();
    }
    for (const part of [this.grip, this.ray, this.gripMaterial, this.rayMaterial]) part.dispose();
  }

  private readonly onSelectStart = ({ inputSource }: XRInputSourceEvent): void => {
    this.down.add(inputSource);
    if (this.down.size === 1) this.events.onSelect(true);
  };

  private readonly onSelectEnd = ({ inputSource }: XRInputSourceEvent): void => this.letGo(inputSource);

  private readonly onSqueezeStart = (): void => this.events.onSqueeze();

  private readonly onChange = ({ removed }: XRInputSourcesChangeEvent): void => {
    for (const source of removed) this.letGo(source);
  };

  private letGo(source: XRInputSource): void {
    if (this.down.delete(source) && this.down.size === 0) this.events.onSelect(false);
  }
}
