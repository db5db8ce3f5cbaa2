/**
 * The stage that a figure stands on: renderer, camera, light, loop. Loaded only where a face is shown; knows
 * nothing of the page or of her voice.
 */
import { DirectionalLight, HemisphereLight, NeutralToneMapping, PerspectiveCamera, Scene, Vector3, WebGLRenderer } from 'three';
import type { FacePose, Figure } from './figure.js';
import { Pace } from './pace.js';

export interface StageEvents {
  /** The pose of this moment (`performance.now()`). */
  pose(now: number): FacePose;
  /** Whether little moves, so that fewer pictures do. */
  calm(): boolean;
  /** The browser took the graphics away, or gave them back. */
  onLost(): void;
  onRestored(): void;
}

/** What the camera sees: so much, in metres, from top to bottom, and its middle below the eyes. */
const VIEW = { height: 0.32, below: 0.017, angle: 20 } as const;
/** Times kept for `animateMs`. */
const TIMES = 240;

/** Told of every frame that a headset shows; gives where its wearer is, in world space, as far as that is known. */
export type Visitor = (now: number, frame: XRFrame) => Vector3 | null;

export class Stage3d {
  readonly scene = new Scene();
  readonly camera = new PerspectiveCamera(VIEW.angle, 1, 0.05, 20);
  private readonly sky = new HemisphereLight('#ffffff', '#d6bfae', 1.35);
  private readonly pace: Pace;
  private readonly seen: IntersectionObserver;
  private readonly sized: ResizeObserver;
  private figure: Figure | null = null;
  private wanted = false;
  private onScreen = false;
  private lost = false;
  private running = false;
  private ratio = 0;
  private visitor: Visitor | null = null;
  private visitedAt: number | null = null;
  private readonly visitedFrom = new Vector3();
  private readonly times: number[] = [];
  private framesDrawn = 0;

  private constructor(
    readonly renderer: WebGLRenderer,
    software: boolean,
    private readonly events: StageEvents,
  ) {
    this.pace = new Pace(software);
    renderer.toneMapping = NeutralToneMapping;
    renderer.toneMappingExposure = 1.15;
    renderer.setClearAlpha(0);
    this.light();
    const { canvas } = this;
    canvas.addEventListener('webglcontextlost', (event) => {
      // Without this it never comes back.
      event.preventDefault();
      this.lost = true;
      this.follow();
      events.onLost();
    });
    canvas.addEventListener('webglcontextrestored', () => {
      this.lost = false;
      this.follow();
      events.onRestored();
    });
    this.seen = new IntersectionObserver((entries) => {
      this.onScreen = entries.at(-1)?.isIntersecting ?? false;
      this.follow();
    });
    this.seen.observe(canvas);
    this.sized = new ResizeObserver(() => this.resize());
    this.sized.observe(canvas);
    document.addEventListener('visibilitychange', this.follow);
  }

  /** A stage on this canvas; null where the browser has no WebGL 2. */
  static open(canvas: HTMLCanvasElement, events: StageEvents): Stage3d | null {
    const options = { alpha: true, antialias: true, powerPreference: 'low-power' } as const;
    // Asked for here, for the library would complain aloud where there is none.
    const context = canvas.getContext('webgl2', options) as WebGL2RenderingContext | null;
    if (context === null) return null;
    const info = context.getExtension('WEBGL_debug_renderer_info');
    const name = info === null ? '' : String(context.getParameter(info.UNMASKED_RENDERER_WEBGL));
    const renderer = new WebGLRenderer({ canvas, context, ...options });
    return new Stage3d(renderer, /swiftshader|llvmpipe|software|basic render/i.test(name), events);
  }

  get canvas(): HTMLCanvasElement {
    return this.renderer.domElement;
  }

  /** Pictures drawn so far. */
  get frames(): number {
    return this.framesDrawn;
  }

  /** Geometries and textures that lie on the graphics card. */
  get held(): number {
    const { geometries, textures } = this.renderer.info.memory;
    return geometries + textures;
  }

  /** CPU time of pose and scene, without the drawing, that 95 of 100 pictures stayed below, in ms. */
  get animateMs(): number {
    const sorted = [...this.times].sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length * 0.95)] ?? 0;
  }

  /** This one stands here from now on; the one before is given back, and its owner disposes of it. */
  setFigure(figure: Figure): Figure | null {
    const before = this.figure;
    if (before !== null) this.scene.remove(before.object);
    this.figure = figure;
    this.scene.add(figure.object);
    if (this.visitor === null) this.aim(figure);
    return before;
  }

  /** Draws for a headset, whatever becomes of the page meanwhile; null: for the page again. */
  welcome(visitor: Visitor | null): void {
    this.visitor = visitor;
    this.visitedAt = null;
    if (visitor === null && this.figure !== null) this.aim(this.figure);
    this.follow();
  }

  /** From where she is looked at, in world space. */
  viewer(out: Vector3): Vector3 {
    return this.visitor === null ? this.camera.getWorldPosition(out) : out.copy(this.visitedFrom);
  }

  /** Whether it is drawn; also then only while somebody can see it. */
  play(on: boolean): void {
    this.wanted = on;
    this.follow();
  }

  /** More light from all around on a light page, less on a dark one. */
  setDark(dark: boolean): void {
    this.sky.intensity = dark ? 0.9 : 1.35;
  }

  /** Draws one picture of this pose. */
  draw(pose: FacePose, seconds: number): void {
    this.animate(() => pose, seconds);
    this.renderer.render(this.scene, this.camera);
    this.framesDrawn += 1;
  }

  dispose(): void {
    document.removeEventListener('visibilitychange', this.follow);
    this.seen.disconnect();
    this.sized.disconnect();
    this.renderer.setAnimationLoop(null);
    this.renderer.dispose();
  }

  /** Puts the camera before a figure's eyes. */
  private aim(figure: Figure): void {
    figure.object.updateWorldMatrix(true, true);
    const eyes = figure.head.getWorldPosition(new Vector3());
    const distance = VIEW.height / 2 / Math.tan((VIEW.angle / 2) * (Math.PI / 180));
    this.camera.position.set(eyes.x, eyes.y - VIEW.below + 0.012, eyes.z + distance);
    this.camera.lookAt(eyes.x, eyes.y - VIEW.below, eyes.z);
  }

  private light(): void {
    const key = new DirectionalLight('#fff4e6', 1.9);
    key.position.set(0.7, 1.0, 1.5);
    const fill = new DirectionalLight('#d8ecff', 0.55);
    fill.position.set(-1.3, 0.1, 0.9);
    const rim = new DirectionalLight('#bff5e6', 1.2);
    rim.position.set(-0.9, 1.1, -1.4);
    this.scene.add(this.sky, key, fill, rim);
  }

  /** Starts and stops the loop. */
  private readonly follow = (): void => {
    const runs = this.visitor !== null || (this.wanted && this.onScreen && !this.lost && !document.hidden);
    if (runs === this.running) return;
    this.running = runs;
    this.pace.rest();
    this.renderer.setAnimationLoop(runs ? (now, frame) => this.tick(now, frame) : null);
  };

  private tick(now: number, frame?: XRFrame): void {
    if (this.renderer.xr.isPresenting) {
      if (frame !== undefined) this.tickVisited(now, frame);
      return;
    }
    const since = this.pace.due(now, this.events.calm());
    if (since === null) return;
    this.resize();
    this.animate(this.posed, since / 1_000);
    this.renderer.render(this.scene, this.camera);
    this.framesDrawn += 1;
  }

  /** A headset wants every frame, at its own pace and size. */
  private tickVisited(now: number, frame: XRFrame): void {
    const since = this.visitedAt === null ? 0 : now - this.visitedAt;
    this.visitedAt = now;
    const from = this.visitor?.(now, frame) ?? null;
    if (from !== null) this.visitedFrom.copy(from);
    this.animate(this.posed, since / 1_000);
    this.renderer.render(this.scene, this.camera);
    this.framesDrawn += 1;
  }

  private readonly posed = (): FacePose => this.events.pose(performance.now());

  private animate(pose: () => FacePose, seconds: number): void {
    const begun = performance.now();
    this.figure?.apply(pose(), seconds);
    this.scene.updateMatrixWorld();
    this.times.push(performance.now() - begun);
    if (this.times.length > TIMES) this.times.shift();
  }

  private resize(): void {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (width === 0 || height === 0 || this.renderer.xr.isPresenting) return;
    const ratio = this.pace.pixelRatio(window.devicePixelRatio || 1);
    if (ratio === this.ratio && this.canvas.width === Math.floor(width * ratio) && this.canvas.height === Math.floor(height * ratio)) return;
    this.ratio = ratio;
    this.renderer.setPixelRatio(ratio);
    this.renderer.setSize(width, height, false);
    this.camera.aspect = width / height;
    this.camera.updateProjectionMatrix();
  }
}
