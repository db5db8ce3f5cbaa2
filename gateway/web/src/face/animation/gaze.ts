/** When she looks at somebody, when and where she looks away, and how her eyes wander over a face. */
import { AHEAD, anglesOf, degrees, radians, type Angles, type Place } from './angles.js';
import { Glide, Level, seconds } from './curve.js';
import { micros, type Random } from './random.js';
import { TABLE, type Activity } from './table.js';

const table = TABLE.gaze;

/** Where whoever she talks to is. */
export class Target {
  to: Angles = AHEAD;
  private readonly pitch = new Level(0);
  private readonly yaw = new Level(0);

  /** Straight ahead where nobody is, or somebody is behind her. A place that is none leaves everything as it is. */
  aim(now: number, place: Place | null): void {
    const there = place === null ? AHEAD : anglesOf(place);
    if (there === null) return;
    this.to = Math.abs(there.yaw) <= radians(table.behind_deg) ? there : AHEAD;
    this.pitch.aim(now, this.to.pitch, table.pursuit_s);
    this.yaw.aim(now, this.to.yaw, table.pursuit_s);
  }

  value(now: number): Angles {
    return { pitch: this.pitch.value(now), yaw: this.yaw.value(now) };
  }
}

export class Gaze {
  private isAway = false;
  private until = 0;
  private awayPitch = new Glide();
  private awayYaw = new Glide();
  private nextFixation = 0;
  private pointPitch = new Glide();
  private pointYaw = new Glide();

  constructor(
    private readonly random: Random,
    private readonly wander: Random,
  ) {}

  /** She looks at whoever is there; nothing that was due before `now` is made up for. */
  restart(now: number, activity: Activity): void {
    this.isAway = false;
    this.until = now + this.random.time(table.mutual[activity]);
    this.awayPitch = new Glide();
    this.awayYaw = new Glide();
    this.nextFixation = now + this.wander.time(table.fixation);
    this.pointPitch = new Glide();
    this.pointYaw = new Glide();
  }

  /** Does what is due next until `now`, and says when that was, if anything was. */
  step(now: number, activity: Activity): number | null {
    const at = Math.min(this.until, this.nextFixation);
    if (at > now) return null;
    if (at === this.nextFixation) this.fixate(at);
    else this.turn(at, activity);
    return at;
  }

  private turn(at: number, activity: Activity): void {
    this.isAway = !this.isAway;
    let [pitch, yaw] = [0, 0];
    if (this.isAway) {
      const drawn = -table.magnitude_scale_deg * Math.log(1 - this.random.unit());
      const far = radians(Math.min(table.magnitude_max_deg[activity], Math.max(table.magnitude_min_deg[activity], drawn)));
      const direction = this.random.choice(table.directions[activity]) * (Math.PI / 4);
      pitch = -far * Math.sin(direction);
      yaw = far * Math.cos(direction);
    }
    const size = degrees(Math.hypot(pitch - this.awayPitch.to, yaw - this.awayYaw.to));
    const duration = table.saccade_s + table.saccade_s_per_deg * size;
    this.awayPitch.aim(at, pitch, duration);
    this.awayYaw.aim(at, yaw, duration);
    this.until = at + this.random.time(this.spread()[activity]);
  }

  private fixate(at: number): void {
    const pitch = this.wander.between(-table.fixation_up_deg, table.fixation_down_deg);
    const yaw = this.wander.between(-table.fixation_yaw_deg, table.fixation_yaw_deg);
    this.pointPitch.aim(at, radians(pitch), table.saccade_s);
    this.pointYaw.aim(at, radians(yaw), table.saccade_s);
    this.nextFixation = at + this.wander.time(table.fixation);
  }

  /** What is left of a look is as much shorter or longer as such looks are from now on. */
  change(now: number, old: Activity, fresh: Activity): void {
    const ratio = this.spread()[fresh].mean_s / this.spread()[old].mean_s;
    this.until = now + micros(seconds(now, this.until) * ratio);
  }

  private spread(): typeof table.away {
    return this.isAway ? table.away : table.mutual;
  }

  /** How far from whoever is there she looks, or is about to. */
  awayTo(): Angles {
    return { pitch: this.awayPitch.to, yaw: this.awayYaw.to };
  }

  /** How far from between somebody's eyes she looks now. */
  value(now: number): Angles {
    return {
      pitch: this.awayPitch.value(now) + this.pointPitch.value(now),
      yaw: this.awayYaw.value(now) + this.pointYaw.value(now),
    };
  }
}
