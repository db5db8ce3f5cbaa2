/** Movements with a formula: asked at any moment, they answer the same however often they were asked before. */

/** From 0 to 1 without a corner; outside it stays. */
export function smooth(x: number): number {
  const within = Math.min(1, Math.max(0, x));
  return within * within * (3 - 2 * within);
}

/** Seconds from `since` to `now` (both in microseconds), 0 when it has not come. */
export function seconds(since: number, now: number): number {
  return Math.max(0, now - since) / 1e6;
}

/** 0 to 1; 0 for what is no number. */
export function share(x: number): number {
  return x > 0 ? Math.min(x, 1) : 0;
}

/** A value that draws near its aim, quickly at first. */
export class Level {
  private to: number;
  private since = 0;
  private timeConstant = 1;

  constructor(private from: number) {
    this.to = from;
  }

  value(now: number): number {
    return this.to + (this.from - this.to) * Math.exp(-seconds(this.since, now) / this.timeConstant);
  }

  aim(now: number, to: number, timeConstant: number): void {
    this.from = this.value(now);
    this.to = to;
    this.since = now;
    this.timeConstant = timeConstant;
  }
}

/** A value that goes to its aim in a given time: a saccade. */
export class Glide {
  private from = 0;
  private since = 0;
  private duration = 0;
  to = 0;

  value(now: number): number {
    const gone = seconds(this.since, now);
    return gone >= this.duration ? this.to : this.from + (this.to - this.from) * smooth(gone / this.duration);
  }

  aim(now: number, to: number, duration: number): void {
    this.from = this.value(now);
    this.to = to;
    this.since = now;
    this.duration = duration;
  }
}

/** A value with inertia: a critically damped spring, solved exactly. */
export class Spring {
  private to = 0;
  private distance = 0;
  private velocity = 0;
  private since = 0;

  constructor(private readonly perSecond: number) {}

  value(now: number): number {
    const gone = seconds(this.since, now);
    return this.to + (this.distance + this.slope() * gone) * Math.exp(-this.perSecond * gone);
  }

  aim(now: number, to: number): void {
    const value = this.value(now);
    const gone = seconds(this.since, now);
    const slope = this.slope();
    this.velocity = (slope - this.perSecond * (this.distance + slope * gone)) * Math.exp(-this.perSecond * gone);
    this.distance = value - to;
    this.to = to;
    this.since = now;
  }

  private slope(): number {
    return this.velocity + this.perSecond * this.distance;
  }
}
