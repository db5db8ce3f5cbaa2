/** Both voices on one canvas: Janet's above the line, yours below; now is at the right. */
import { levelHeight, type Levels, LEVEL_STEPS } from '../audio/levels.js';

const BAR = 3;
const PITCH = 5;
/** Level steps (20 ms) that one bar covers. */
const STEPS_PER_BAR = 2;

export class Waveform {
  private running = false;
  private readonly reduced = window.matchMedia('(prefers-reduced-motion: reduce)');

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly mic: Levels,
    private readonly her: Levels,
  ) {
    new ResizeObserver(() => this.draw()).observe(canvas);
  }

  /** Draws each animation frame while something is heard, then rests. */
  wake(): void {
    if (this.running) return;
    this.running = true;
    let frame = 0;
    const tick = (): void => {
      frame += 1;
      // With reduced motion the picture changes twice a second in place of sixty times.
      if (!this.reduced.matches || frame % 30 === 0) this.draw();
      this.running = !(this.mic.quiet && this.her.quiet);
      if (this.running) requestAnimationFrame(tick);
      else this.draw();
    };
    requestAnimationFrame(tick);
  }

  draw(): void {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const scale = window.devicePixelRatio || 1;
    if (this.canvas.width !== Math.round(width * scale)) this.canvas.width = Math.round(width * scale);
    if (this.canvas.height !== Math.round(height * scale)) this.canvas.height = Math.round(height * scale);
    const context = this.canvas.getContext('2d');
    if (context === null || width === 0) return;
    const style = getComputedStyle(this.canvas);
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    const middle = height / 2;
    const room = middle - 2;
    const colours = { her: style.getPropertyValue('--janet'), mic: style.getPropertyValue('--you'), idle: style.getPropertyValue('--line') };
    for (let bar = 0; (bar + 1) * PITCH <= width; bar += 1) {
      const x = width - (bar + 1) * PITCH;
      const up = Math.max(1, this.height(this.her, bar) * room);
      const down = Math.max(1, this.height(this.mic, bar) * room);
      context.globalAlpha = 1 - 0.75 * (bar * PITCH) / width;
      context.fillStyle = up > 1 ? colours.her : colours.idle;
      context.fillRect(x, middle - up, BAR, up);
      context.fillStyle = down > 1 ? colours.mic : colours.idle;
      context.fillRect(x, middle, BAR, down);
    }
    context.globalAlpha = 1;
  }

  private height(levels: Levels, bar: number): number {
    let peak = 0;
    for (let step = 0; step < STEPS_PER_BAR; step += 1) {
      const ago = bar * STEPS_PER_BAR + step;
      if (ago < LEVEL_STEPS) peak = Math.max(peak, levels.at(ago));
    }
    return levelHeight(peak);
  }
}
