/**
 * Who stands on the stage, and who comes to visit: avatars from files, and headsets. Beside her face, which
 * does without either; what they need is loaded when somebody wants it.
 */
import type { SoundPlace } from '../audio/placed.js';
import { Wardrobe, type Worn } from '../face/avatar/wardrobe.js';
import type { FaceShow } from '../face/show.js';
import { NO_XR, watchXr, type XrSupport } from '../face/xr/support.js';
import type { Visit } from '../face/xr/visit.js';
import { AWAY, explainXr, type XrMode, type XrState } from '../face/xr/words.js';
import type { ClientMessage } from '../protocol/messages.js';
import type { Explanation } from '../state/explain.js';
import type { AvatarStats, VisitStats } from '../stats.js';
import { AvatarView } from './avatar-view.js';
import { VisitButtons } from './visit-buttons.js';

export interface PresenceEvents {
  send(message: ClientMessage): boolean;
  /** The session of voice in real time; null without one. */
  sessionId(): string | null;
  /** The trigger in the visitor's hand goes down or up. */
  onSelect(down: boolean): void;
  /** From where she is heard, seen from the visitor; null: nobody visits. */
  onPlace(place: SoundPlace | null): void;
  onFault(title: string, todo: string): void;
}

export class Presence {
  private readonly view: AvatarView;
  private readonly buttons: VisitButtons;
  private readonly wardrobe: Wardrobe;
  private visit: Visit | null = null;
  private support: XrSupport = NO_XR;
  private state: XrState = AWAY;

  constructor(
    private readonly show: FaceShow,
    private readonly events: PresenceEvents,
    private readonly stats: { avatar: AvatarStats; visit: VisitStats },
  ) {
    this.view = new AvatarView({ onFile: (file) => this.take(file), onOwn: () => void this.wardrobe.takeOff() });
    this.buttons = new VisitButtons({ onEnter: (mode) => void this.enter(mode), onLeave: () => void this.visit?.leave() });
    this.wardrobe = new Wardrobe({
      onFigure: (figure) => {
        show.setFigure(figure);
        // Others have their eyes elsewhere.
        this.visit?.bring();
      },
      drawn: () => show.drawn(),
      onWorn: (worn) => this.onWorn(worn),
      onTold: (told) => this.onTold(told),
    });
    // Whoever leaves the page was not thrown out of it.
    window.addEventListener('pagehide', () => this.wardrobe.leave());
    void this.wardrobe.open();
    watchXr((support) => void this.onSupport(support));
  }

  /** Who she is from now on, if it can be worn. */
  take(file: File): void {
    void this.wardrobe.take(file);
  }

  /** Why what was dropped is not worn. */
  refuse(why: Explanation): void {
    this.onTold(why);
  }

  private onWorn(worn: Worn): void {
    Object.assign(this.stats.avatar, { kind: worn.kind, name: worn.kind === 'own' ? null : worn.name });
    this.view.tell('');
    this.view.render(worn);
  }

  private onTold({ title, todo }: Explanation): void {
    this.view.tell(`${title} ${todo}`);
    // Where the settings are not open nobody would read it there.
    if (!this.view.isOpen) this.events.onFault(title, todo);
  }

  private async onSupport(support: XrSupport): Promise<void> {
    if ((support.vr || support.ar) && this.visit === null) {
      // Before the press: within it nothing may be waited for.
      const { Visit } = await import('../face/xr/visit.js');
      this.visit ??= this.visitOf(Visit);
    }
    this.support = support;
    this.render();
  }

  private visitOf(Kind: typeof Visit): Visit {
    const { show } = this;
    const { renderer, scene, camera } = show.stage;
    const stage = {
      renderer,
      scene,
      camera,
      get face() {
        return show.head;
      },
    };
    const visit = new Kind(stage, {
      onState: (state) => this.onState(state),
      onSelect: (down) => this.events.onSelect(down),
      sessionId: () => this.events.sessionId(),
      onPose: (pose) => this.events.send(pose),
      onHeard: (place) => this.events.onPlace(place),
    });
    this.stats.visit = visit.counters;
    return visit;
  }

  private async enter(mode: XrMode): Promise<void> {
    try {
      await this.visit?.enter(mode);
    } catch (error) {
      const { title, todo } = explainXr(error);
      this.events.onFault(title, todo);
    }
  }

  private onState(state: XrState): void {
    this.state = state;
    const { visit } = this;
    this.show.stage.welcome(state.kind === 'there' && visit !== null ? (now, frame) => visit.frame(now, frame) : null);
    this.render();
  }

  private render(): void {
    this.buttons.render(this.state, this.support);
  }
}
