/** Joins the parts: events go into the state, the state goes to the views. Decides nothing itself. */
import { DeviceWatch } from './audio/devices.js';
import { Levels } from './audio/levels.js';
import type { SoundPlace } from './audio/placed.js';
import { PLAY_RATE_HZ } from './audio/player.js';
import { Voice } from './audio/voice.js';
import { FaceFeed } from './face/feed.js';
import type { FaceShow } from './face/show.js';
import { POSITION_HZ } from './face/weights.js';
import { deviceKey, forgetDeviceKey, subprotocols } from './lock/device-key.js';
import { Door } from './lock/door.js';
import { Connection } from './net/connection.js';
import { watchNetwork } from './net/network-watch.js';
import { forgetId, rememberedId, rememberId, socketUrl } from './net/session-id.js';
import type { ClientMessage, ServerMessage } from './protocol/messages.js';
import { Phone } from './phone/phone.js';
import { talkedMs, type PhoneState } from './phone/phone-state.js';
import { canCall } from './rtc/media.js';
import { CHOSEN, HUNG_UP, KEPT } from './protocol/requests.js';
import { activity, reachable } from './state/activity.js';
import { announcement } from './state/announce.js';
import { keptToAskFor, keptToBeginWith, type Choices } from './state/choices.js';
import { toUse } from './state/devices.js';
import { explainDevice } from './state/explain.js';
import { initialState, type Event, type State } from './state/model.js';
import { reduce } from './state/reduce.js';
import { loadSettings, saveSettings, type Settings } from './state/settings.js';
import type { CallStats } from './rtc/call-stats.js';
import { forgetWords, freshStats, keep, publish } from './stats.js';
import { Announcer } from './ui/announcer.js';
import { applyAppearance, followKeyboard } from './ui/appearance.js';
import { CallView } from './ui/call-view.js';
import { CaptionLine } from './ui/caption.js';
import { Chat } from './ui/chat.js';
import { Composer } from './ui/composer.js';
import { Conversation } from './ui/conversation.js';
import { HelpDialog, SettingsDialog } from './ui/dialogs.js';
import { byId } from './ui/dom.js';
import { Drops } from './ui/drops.js';
import { FaceView } from './ui/face-view.js';
import { LoopMeter } from './ui/loop-meter.js';
import { PastCalls } from './ui/past-calls.js';
import type { Presence } from './ui/presence.js';
import { Side } from './ui/side.js';
import { Stage } from './ui/stage.js';
import { StatusBar } from './ui/status-bar.js';
import { Trust } from './ui/trust/trust.js';
import { Waveform } from './ui/waveform.js';
import { Welcome } from './ui/welcome.js';

/** Words that nothing followed for this long belonged to nobody: noise, or a "mm-hm". */
const PARTIAL_STALE_MS = 6_000;
/** While models load, or Janet is busy, how often the page asks whether that is over. */
const STATUS_POLL_MS = 1_500;
/** With the microphone off, the voice stream stays open until nothing has happened for this long. */
const LINGER_MS = 8_000;
/** Reports of what was heard over a call that are kept for a look at them. */
const HEARD_KEPT = 100;
/** A peak above −50 dBFS is audible. */
const AUDIBLE = 0.00316;

export class App {
  private state: State = initialState;
  private settings: Settings = loadSettings();
  private readonly stats = freshStats();
  private readonly feed = new FaceFeed();
  private readonly micLevels = new Levels();
  private readonly herLevels = new Levels();
  private renderPlanned = false;
  private staleTimer: number | undefined;
  private loadingTimer: number | undefined;
  private lingerTimer: number | undefined;
  private requests = 0;
  /** Who stands on the stage; null while nobody does. */
  private presence: Presence | null = null;
  /** Whether the space bar or the button is down. */
  private held = false;
  /** Of which devices it was told that they are not there. */
  private readonly lost = new Set<'microphone' | 'speaker'>();

  private readonly connection = new Connection(() => socketUrl(location.href, rememberedId()), () => subprotocols(deviceKey()), {
    onConnecting: () => this.apply({ type: 'link_connecting' }),
    onOpen: () => this.apply({ type: 'link_open' }),
    onLost: (why, retryAt) => {
      // The next connection comes without one, and may pair.
      if (why === 'not_paired') forgetDeviceKey();
      this.voice.onLost();
      this.phone.onLost();
      this.feed.restart();
      this.apply({ type: 'link_lost', why, retryAt });
    },
    onMessage: (message) => this.onMessage(message),
    onBinary: (frame) => this.voice.onBinary(frame),
    onUnreadable: (reason) => keep(this.stats.unreadable, reason),
  });

  private readonly voice = new Voice({
    send: (message) => this.connection.send(message),
    sendFrame: (pcm) => {
      this.stats.micFrames += 1;
      this.connection.sendBinary(pcm);
      this.stats.micFramesDropped = this.connection.droppedFrames;
    },
    iceServers: () => this.state.iceServers,
    mayCall: () => this.settings.calls && canCall() && this.state.capabilities.includes('webrtc'),
    onMic: (mic) => {
      this.apply({ type: 'mic', mic });
      this.linger();
      // With the permission come the names.
      if (mic.kind === 'on' && !this.state.devices.named) void this.devices.look();
    },
    onWay: (way) => {
      // Every way counts its own samples.
      this.feed.restart();
      this.apply({ type: 'way', way });
    },
    onMicLevel: (peak) => this.onMicLevel(peak),
    onHerLevel: (peak) => this.onHerLevel(peak),
    onPlayout: (report) => {
      Object.assign(this.stats.play, report.counters, {
        playing: report.playing,
        playedSample: report.playedSample,
        reports: this.stats.play.reports + 1,
        contextRateHz: this.voice.contextRateHz,
      });
    },
    onCallStats: (stats) => this.onCallStats(stats),
    onHeard: (sample) => this.onHeard(sample),
    onBadFrame: () => {
      this.stats.badFrames += 1;
    },
    onFace: (frame) => this.feed.onFrame(frame),
    onSilence: () => this.connection.renew(),
    onDeviceLost: (kind) => this.deviceLost(kind),
    onFault: (title, todo) => this.apply({ type: 'fault', title, todo }),
  });

  private readonly phone = new Phone({
    send: (message) => this.connection.send(message),
    onPhone: (phone, muted) => this.onPhone(phone, muted),
    onRingSilent: (silent) => this.apply({ type: 'ring_silent', silent }),
    freeVoice: () => this.voice.close(),
    onMicLevel: (peak) => this.onMicLevel(peak),
    onHerLevel: (peak) => this.onHerLevel(peak),
    onStats: (stats) => this.onCallStats(stats),
    onHeard: (sample) => this.onHeard(sample),
    onFace: (frame) => this.feed.onFrame(frame),
    onDeviceLost: (kind) => this.deviceLost(kind),
    iceServers: () => this.state.iceServers,
  });

  private readonly devices = new DeviceWatch((devices) => {
    const before = this.state.devices;
    this.apply({ type: 'devices', devices });
    if (devices.microphones.length > before.microphones.length) this.lost.delete('microphone');
    if (devices.speakers.length > before.speakers.length) this.lost.delete('speaker');
    this.useDevices();
  });

  private readonly door = new Door((message) => this.connection.send(message), () => this.connection.connect());
  private readonly waveform = new Waveform(byId<HTMLCanvasElement>('wave'), this.micLevels, this.herLevels);
  private readonly callButton = byId<HTMLButtonElement>('call-open');
  private readonly callView = new CallView(
    {
      onAccept: () => void this.phone.accept(),
      onHangUp: () => this.phone.hangUp(),
      onHold: (on) => this.phone.hold(on),
      onMute: (on) => this.phone.mute(on),
      onAgain: () => void this.phone.call(),
      onClose: () => this.phone.dismiss(),
      onStop: () => this.connection.send({ type: 'interrupt' }),
    },
    this.micLevels,
    this.herLevels,
  );
  private readonly pastCalls = new PastCalls();
  private readonly loopMeter = new LoopMeter(() => this.voice.measured());
  private readonly faceView = new FaceView(this.feed, (now) => this.heardAt(now), this.stats.face, (show) => void this.beSomebody(show));
  private readonly announcer = new Announcer(byId('announce'));
  private readonly chat = new Chat(byId('log'), byId('entries'), this.announcer);
  private readonly caption = new CaptionLine();
  private readonly conversation = new Conversation({
    onClear: () => this.apply({ type: 'cleared' }),
    onTold: (text) => this.announcer.say(text),
    onFault: (title, todo) => this.apply({ type: 'fault', title, todo }),
  });
  private readonly settingsDialog = new SettingsDialog(
    (change) => {
      this.change(change);
      if ('calls' in change) void this.voice.chooseWay();
      if ('microphone' in change || 'speaker' in change || 'echo' in change) {
        this.lost.clear();
        this.useDevices();
      }
      if ('voiceSpeed' in change || 'sensitivity' in change) this.sendSettings(change);
      if (typeof change.voice === 'string') this.choose({ voice: change.voice });
      if (typeof change.model === 'string') this.choose({ model: change.model });
    },
    (open) => this.apply({ type: 'settings_shown', open }),
  );
  private readonly side = new Side();
  private readonly statusBar = new StatusBar(() => this.connection.connect());
  private readonly composer = new Composer({
    onSend: (text) => this.sendText(text),
    onSpeak: (speak) => this.change({ speak }),
  });
  private readonly trust = new Trust({
    send: (message) => this.connection.send(message as ClientMessage),
    apply: (event) => this.apply(event),
    state: () => this.state,
    playQuestion: async (file) => (this.voice.streaming || this.phone.isOn ? null : this.voice.playFile(fromBase64(file))),
    say: (text) => this.announcer.say(text),
    onFault: (title, todo) => this.apply({ type: 'fault', title, todo }),
    onStop: () => void this.voice.close(),
  });
  private readonly stage = new Stage({
    onMic: () => this.toggleMic(),
    onHold: (held) => void this.hold(held),
    onStop: () => this.connection.send({ type: 'interrupt' }),
    onMode: (mode) => {
      this.change({ mode });
      void this.voice.setMode(mode);
    },
    onSample: () => void this.voice.playSample(),
  });
  private readonly welcome = new Welcome({
    onMic: () => this.toggleMic(),
    onSample: () => void this.voice.playSample(),
    onType: () => this.composer.focus(),
    onDismissHint: () => this.change({ welcomed: true }),
  });

  start(): void {
    publish(this.stats);
    new HelpDialog();
    new Drops({
      taker: () => (this.settings.face ? this.presence : null),
      onFault: (title, todo) => this.apply({ type: 'fault', title, todo }),
    });
    followKeyboard();
    this.render();
    this.devices.start();
    this.connection.connect();
    this.callButton.addEventListener('click', () => void this.phone.call());
    watchNetwork(() => {
      this.voice.onNetworkChanged();
      this.phone.onNetworkChanged();
      if (this.state.link.kind === 'waiting' && this.state.link.retryAt !== null) this.connection.connect();
    });
  }

  private onMessage(message: ServerMessage): void {
    if (this.door.takes(message) || this.trust.takes(message)) return;
    const before = this.state;
    this.apply({ type: 'server', message });
    switch (message.type) {
      case 'connected':
        rememberId(message.clientId);
        this.trust.onConnected();
        this.phone.onConnected();
        // In this order: what holds is known by the time the lists to choose from come.
        this.sendSettings(this.settings, keptToBeginWith(this.settings));
        this.connection.send({ type: 'get_context' });
        break;
      case 'context':
        this.askForKept();
        break;
      case 'conversation_forgotten':
        forgetId();
        window.clearTimeout(this.staleTimer);
        forgetWords(this.stats);
        this.announcer.clear();
        break;
      case 'viseme':
      case 'tone':
      case 'gesture':
        this.feed.onMessage(message);
        break;
      case 'playout_flush':
        this.feed.flush(message.fromSample * (POSITION_HZ / PLAY_RATE_HZ));
        break;
      case 'speech_heard':
        this.stats.heardChars = message.chars;
        break;
      case 'settings':
        this.stats.applied = this.state.applied;
        break;
      case 'transcript':
        this.watchSaid();
        if (message.final) keep(this.stats.transcripts, message.text);
        else this.stats.partials += 1;
        break;
      case 'assistant_message':
        keep(this.stats.answers, { text: message.text, latency: message.latency });
        if (message.audio !== null && !this.voice.streaming) void this.voice.playFile(fromBase64(message.audio));
        // Another language model may have answered than the one before.
        this.connection.send({ type: 'get_context' });
        break;
      case 'speaking':
        if (message.state === 'stopped' || message.state === 'paused') this.feed.cut(message.state);
        keep(this.stats.voice, { state: message.state, at: performance.now() });
        break;
      case 'error':
        // Of a call that had ended by itself nothing was left to end.
        if (message.requestId === HUNG_UP) break;
        keep(this.stats.errors, message.code);
        // Nothing was changed by it: what holds?
        if (message.requestId === CHOSEN) this.connection.send({ type: 'settings_set' });
        break;
      default:
        break;
    }
    this.voice.onMessage(message);
    this.phone.onMessage(message);
    this.followStatus(before);
    this.linger();
  }

  /** Models come ready, and a crowd goes, without a message of their own: ask until they have. */
  private followStatus(before: State): void {
    const { status } = this.state;
    if (status === before.status) return;
    window.clearInterval(this.loadingTimer);
    if (status === 'models_loading' || status === 'busy') {
      this.loadingTimer = window.setInterval(() => this.connection.send({ type: 'get_context' }), STATUS_POLL_MS);
    } else if (status === 'ready') void this.voice.onConnected();
  }

  private watchSaid(): void {
    window.clearTimeout(this.staleTimer);
    this.staleTimer = window.setTimeout(() => this.apply({ type: 'partial_stale' }), PARTIAL_STALE_MS);
  }

  /** Push-to-talk, down or up. Down with the microphone off opens it for this and what follows. */
  private async hold(held: boolean): Promise<void> {
    this.held = held;
    const { kind } = this.state.mic;
    if (held && (kind === 'off' || kind === 'trouble')) {
      this.change({ mode: 'push_to_talk' });
      await this.voice.start('push_to_talk');
      // Released while the browser asked for permission: the next press talks.
      if (this.held) this.voice.hold(true);
      return;
    }
    if (!this.voice.hold(held)) return;
    this.apply({ type: 'committed' });
    this.watchSaid();
  }

  /** Asks the server for what was chosen; its answer says what holds. */
  private sendSettings({ voiceSpeed, sensitivity }: Partial<Settings>, choice: Partial<Choices> = {}): void {
    this.connection.send({
      type: 'settings_set',
      ...(typeof voiceSpeed === 'number' ? { voice_speed: voiceSpeed } : {}),
      ...(typeof sensitivity === 'string' ? { sensitivity } : {}),
      ...choice,
    });
  }

  private useDevices(): void {
    const { microphones, speakers, named } = this.state.devices;
    const { microphone, speaker, echo } = this.settings;
    const chosen = toUse(speakers, named, speaker);
    if (speaker !== null && chosen === '') this.deviceLost('speaker');
    const used = toUse(microphones, named, microphone);
    void this.voice.setDevices(used, chosen, echo);
    void this.phone.setDevices(used, chosen, echo);
  }

  private onMicLevel(peak: number): void {
    this.micLevels.push(peak);
    this.stats.micPeak = this.micLevels.loudest;
    if (peak > AUDIBLE) this.wakeWaves();
  }

  private onHerLevel(peak: number): void {
    this.herLevels.push(peak);
    this.stats.play.peak = this.herLevels.loudest;
    if (peak <= AUDIBLE) return;
    this.stats.play.lastAudibleAt = performance.now();
    this.wakeWaves();
  }

  private wakeWaves(): void {
    this.waveform.wake();
    this.callView.wake();
  }

  /** The sample of hers (48 kHz) that is heard at this time; null while she is silent. */
  private heardAt(now: number): number | null {
    return this.phone.heard(now) ?? this.voice.heard(now);
  }

  private onCallStats(stats: CallStats): void {
    this.stats.call = stats;
    this.apply({ type: 'call_stats', stats });
  }

  private onHeard(sample: number): void {
    keep(this.stats.callHeard, { sample, at: performance.now() }, HEARD_KEPT);
  }

  /** A call by telephone is somewhere else than before, or muted. */
  private onPhone(phone: PhoneState, muted: boolean): void {
    const before = this.state.phone;
    this.apply({ type: 'phone', phone, muted });
    this.stats.phone = phone.state;
    if (phone.state === before.state) return;
    if (phone.state === 'connecting') {
      this.feed.restart();
      this.stats.call = null;
      this.stats.callHeard = [];
    }
    if (phone.state === 'connected' || phone.state === 'on_hold') {
      this.apply({ type: 'way', way: 'call' });
      // With the permission come the names.
      if (!this.state.devices.named) void this.devices.look();
    } else if (before.state === 'connected' || before.state === 'on_hold') this.apply({ type: 'way', way: 'none' });
    if (phone.state !== 'ended') return;
    keep(this.stats.phoneEnds, { why: phone.end.why, durationMs: talkedMs(phone, 0) });
    // It is in the history now.
    this.connection.send({ type: 'get_context' });
  }

  private deviceLost(kind: 'microphone' | 'speaker'): void {
    if (this.lost.has(kind)) return;
    this.lost.add(kind);
    this.apply({ type: 'note', text: explainDevice(kind) });
  }

  private choose(choice: Partial<Choices>): void {
    this.apply({ type: 'chosen', choice });
    this.connection.send({ type: 'settings_set', ...choice, request_id: CHOSEN });
    // Who answers has changed with it.
    this.connection.send({ type: 'get_context' });
  }

  /** What else was chosen on an earlier day is asked for once the server offers it, and where it does not, what it is configured for. */
  private askForKept(): void {
    const choice = keptToAskFor(this.settings, this.state);
    if (choice !== null) this.connection.send({ type: 'settings_set', ...choice, request_id: KEPT });
  }

  /** Her face is there: now she can be somebody else, and be visited. */
  private async beSomebody(show: FaceShow): Promise<void> {
    const presence = await import('./ui/presence.js').catch(() => null);
    // The server is away: she stays who she is.
    if (presence === null) return;
    const events = {
      send: (message: ClientMessage) => this.connection.send(message),
      sessionId: () => this.voice.sessionId,
      onSelect: (down: boolean) => this.onSelect(down),
      onPlace: (place: SoundPlace | null) => {
        this.voice.place(place);
        this.phone.place(place);
      },
      onFault: (title: string, todo: string) => this.apply({ type: 'fault', title, todo }),
    };
    this.presence = new presence.Presence(show, events, this.stats);
  }

  /** The trigger in a visitor's hand: as the microphone's button, or a call's. */
  private onSelect(down: boolean): void {
    if (this.phone.isOn) {
      if (down) this.phone.mute(!this.state.muted);
    } else if (this.settings.mode === 'push_to_talk') void this.hold(down);
    else if (down) this.toggleMic();
  }

  private toggleMic(): void {
    if (this.state.mic.kind === 'on') this.voice.stop();
    else void this.voice.start(this.settings.mode);
  }

  private sendText(text: string): boolean {
    if (this.state.link.kind !== 'open') return false;
    this.requests += 1;
    const request = `r${this.requests}`;
    const { speak } = this.settings;
    const send = (): void => {
      if (this.connection.send({ type: 'message', text, speak, request_id: request })) {
        this.apply({ type: 'sent', text, requestId: request });
      } else {
        this.apply({ type: 'fault', title: 'That was not sent.', todo: 'The connection was lost in between; send it again.' });
      }
    };
    // Her voice needs the stream first; without it the answer would come late and in one piece.
    if (speak && !this.voice.streaming) void this.voice.listen().then(send);
    else send();
    return true;
  }

  /** Closes the voice stream once nobody is at the microphone and nothing goes on any more. */
  private linger(): void {
    window.clearTimeout(this.lingerTimer);
    this.lingerTimer = window.setTimeout(() => {
      if (!this.voice.lingering) return;
      if (this.state.her === 'quiet') void this.voice.close();
      else this.linger();
    }, LINGER_MS);
  }

  private change(settings: Partial<Settings>): void {
    this.settings = { ...this.settings, ...settings };
    saveSettings(this.settings);
    this.planRender();
  }

  private apply(event: Event): void {
    const before = activity(this.state);
    this.state = reduce(this.state, event);
    this.stats.activity = activity(this.state);
    const told = announcement(before, this.stats.activity);
    if (told !== null) this.announcer.say(told);
    this.stats.link = this.state.link.kind;
    this.stats.status = this.state.status;
    this.stats.micState = this.state.mic.kind === 'trouble' ? this.state.mic.trouble : this.state.mic.kind;
    this.stats.partial = this.state.partial;
    this.stats.way = this.state.way;
    const { stopped, questions, view } = this.state.trust;
    this.stats.trust = { stopped: stopped !== null, questions: questions.length, view };
    this.planRender();
  }

  /** Many events, one rendering: deltas come faster than the screen is drawn. */
  private planRender(): void {
    if (this.renderPlanned) return;
    this.renderPlanned = true;
    // A hidden tab gets no animation frames; the timer keeps its live region and title current.
    const once = (): void => {
      if (!this.renderPlanned) return;
      this.renderPlanned = false;
      this.render();
    };
    if (document.hidden) window.setTimeout(once, 50);
    else requestAnimationFrame(once);
  }

  private render(): void {
    const { state, settings } = this;
    applyAppearance(settings);
    this.statusBar.render(state);
    this.welcome.render(state, settings.welcomed);
    this.chat.render(state, settings.readSpoken);
    this.caption.render(state, settings.captions);
    this.conversation.render(state);
    this.settingsDialog.render(settings, state);
    this.stage.render(state, settings);
    this.composer.render(reachable(state), settings.speak);
    this.side.render(state);
    this.pastCalls.render(state);
    this.loopMeter.render(state);
    this.callButton.hidden = !canCall() || !state.capabilities.includes('calls');
    this.callButton.disabled = !reachable(state);
    this.callView.render(state, settings.captions);
    this.trust.render(state);
    this.faceView.render(state, settings);
    this.waveform.draw();
  }
}

function fromBase64(text: string): ArrayBuffer {
  return Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer;
}
