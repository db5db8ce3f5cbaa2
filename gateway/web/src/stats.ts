/** What the page counted, read-only on `window.__janet`: for the browser tests and for bug reports. */
import type { QueueCounters } from './audio/play-queue.js';
import type { CallState, VoiceState } from './protocol/messages.js';
import type { CallStats } from './rtc/call-stats.js';
import type { Activity } from './state/activity.js';
import type { Way } from './state/model.js';

/** Her face. */
export interface FaceStats {
  state: 'off' | 'unloaded' | 'loading' | 'shown' | 'lost' | 'none';
  /** Pictures drawn. */
  frames: number;
  /** What 95 of 100 of them cost before they were drawn, in ms of CPU. */
  animateMs: number;
  /** Geometries and textures on the graphics card. */
  held: number;
  /** Frames of her mouth that came, and those of them that were none. */
  received: number;
  bad: number;
  /** What is drawn of each morph, and their names. */
  morphs: readonly number[];
  names: readonly string[];
}

/** Who she is on the stage. */
export interface AvatarStats {
  kind: 'own' | 'opening' | 'avatar';
  /** Of its file. */
  name: string | null;
}

/** A visit by headset; places are in the scene, in metres. */
export interface VisitStats {
  state: 'away' | 'asking' | 'there';
  seen: 'visible' | 'blurred' | 'hidden' | null;
  frames: number;
  /** Pictures in each frame: two for two eyes. */
  views: number;
  /** Told to the server. */
  poses: number;
  /** Where the headset is, which she looks at, and where her face is. */
  headset: number[];
  face: number[];
}

/** What is about trust. Never what was asked, found or typed. */
export interface TrustStats {
  /** Whether everything is stopped. */
  stopped: boolean;
  /** Questions that wait. */
  questions: number;
  /** What is looked at. */
  view: string | null;
}

export interface Stats {
  activity: Activity;
  link: string;
  status: string | null;
  micState: string;
  micFrames: number;
  micFramesDropped: number;
  micPeak: number;
  way: Way;
  /** How far the call by telephone is. */
  phone: CallState;
  /** How the last one ended, and in ms how long it was. */
  phoneEnds: Array<{ why: string; durationMs: number }>;
  /** The latest counts of the latest call. */
  call: CallStats | null;
  /** The latest reports of what was heard over a call, with `performance.now()`. */
  callHeard: Array<{ sample: number; at: number }>;
  /** What is being said, as far as it was understood. */
  partial: string | null;
  partials: number;
  transcripts: string[];
  answers: Array<{ text: string; latency: Record<string, number> }>;
  /** Her voice's states in order, with `performance.now()`. */
  voice: Array<{ state: VoiceState; at: number }>;
  /** Characters of the reply under way that were heard. */
  heardChars: number;
  /** How the server says it speaks and listens. */
  applied: { voiceSpeed: number; sensitivity: string; voice: string; model: string } | null;
  errors: string[];
  unreadable: string[];
  badFrames: number;
  face: FaceStats;
  avatar: AvatarStats;
  visit: VisitStats;
  trust: TrustStats;
  play: QueueCounters & {
    playing: boolean;
    playedSample: number;
    /** Loudest sample that was heard, 0 to 1. */
    peak: number;
    reports: number;
    contextRateHz: number;
    /** `performance.now()` of the last level above −50 dBFS. */
    lastAudibleAt: number;
  };
}

export function freshStats(): Stats {
  return {
    activity: 'offline',
    link: 'connecting',
    status: null,
    micState: 'off',
    micFrames: 0,
    micFramesDropped: 0,
    micPeak: 0,
    way: 'none',
    phone: 'idle',
    phoneEnds: [],
    call: null,
    callHeard: [],
    partial: null,
    partials: 0,
    transcripts: [],
    answers: [],
    voice: [],
    heardChars: 0,
    applied: null,
    errors: [],
    unreadable: [],
    badFrames: 0,
    face: { state: 'unloaded', frames: 0, animateMs: 0, held: 0, received: 0, bad: 0, morphs: [], names: [] },
    avatar: { kind: 'own', name: null },
    visit: { state: 'away', seen: null, frames: 0, views: 0, poses: 0, headset: [0, 0, 0], face: [0, 0, 0] },
    trust: { stopped: false, questions: 0, view: null },
    play: {
      played: 0,
      underruns: 0,
      overrunSamples: 0,
      lateSamples: 0,
      flushes: 0,
      playing: false,
      playedSample: 0,
      peak: 0,
      reports: 0,
      contextRateHz: 0,
      lastAudibleAt: 0,
    },
  };
}

/** So many of each kind are kept: a page may stay open for weeks. */
const KEPT = 500;

/** Adds what happened last; what happened first goes in the end. */
export function keep<T>(list: T[], happened: T, kept = KEPT): void {
  list.push(happened);
  if (list.length > kept) list.splice(0, list.length - kept);
}

/** No word of what was said is here any more; how often somebody spoke still is. */
export function forgetWords(stats: Stats): void {
  stats.partial = null;
  stats.heardChars = 0;
  stats.transcripts.fill('');
  for (const answer of stats.answers) answer.text = '';
}

/** Shows copies, so that nobody outside can change what the page counted. */
export function publish(stats: Stats): void {
  Object.defineProperty(window, '__janet', { get: () => structuredClone(stats), configurable: false });
}
