/** All that the page shows, in one value. Only `reduce` makes a new one. */
import type { ContextData, Latency, MicMode, PlainMessage, Sensitivity, ServerStatus } from '../protocol/messages.js';
import type { Loss } from '../net/connection.js';
import type { Choices } from './choices.js';
import { NO_DEVICES, type Devices } from './devices.js';
import type { Explanation } from './explain.js';
import type { MicTrouble } from '../audio/microphone.js';
import type { PhoneState } from '../phone/phone-state.js';
import type { CallStats } from '../rtc/call-stats.js';
import { initialTrust, type TrustEvent, type TrustState } from './trust.js';

/** The connection. */
export type Link =
  | { kind: 'connecting' }
  | { kind: 'open' }
  /** Lost; the next try is at `retryAt` (ms, `Date.now`), or only when the user asks for it. */
  | { kind: 'waiting'; why: Loss; retryAt: number | null };

/** The microphone. */
export type Mic =
  | { kind: 'off' }
  /** Waits for the user's permission, and once that is granted, for a way to Janet. */
  | { kind: 'opening'; granted: boolean }
  | { kind: 'on'; mode: MicMode; held: boolean }
  /** The sample question stands in for it. */
  | { kind: 'sample' }
  | { kind: 'trouble'; trouble: MicTrouble };

/** The way voice takes: none, a call over WebRTC, the WebSocket, or that because no call came about. */
export type Way = 'none' | 'call' | 'socket' | 'socket_instead';

/** What Janet does. */
export type Her = 'quiet' | 'thinking' | 'speaking' | 'held';

/** One line of the chat. */
export type Entry =
  | { kind: 'user'; key: string; text: string; spoken: boolean; requestId: string | null }
  | {
      kind: 'assistant';
      key: string;
      replyId: string;
      text: string;
      done: boolean;
      interrupted: boolean;
      latency: Latency;
    }
  | { kind: 'error'; key: string; title: string; todo: string }
  /** Something to know, nothing wrong. */
  | { kind: 'note'; key: string; text: string };

export interface State {
  link: Link;
  /** Null until the server said. */
  status: ServerStatus | null;
  role: string;
  /** What the server says it can do. */
  capabilities: readonly string[];
  /** What helps voice through routers. */
  iceServers: readonly RTCIceServer[];
  mic: Mic;
  /** What the browser has to hear and to be heard with. */
  devices: Devices;
  way: Way;
  /** What the call is like; null without one. */
  callStats: CallStats | null;
  /** The call by telephone, if there is one. */
  phone: PhoneState;
  /** Whether the microphone is muted in it. */
  muted: boolean;
  /** Whether the browser keeps the ring silent until somebody has touched the page. */
  ringSilent: boolean;
  her: Her;
  /** Whether something was said or typed that has no answer yet. */
  awaiting: boolean;
  /** Reply that `her` speaks of. */
  replyId: string | null;
  /** Characters of that reply's text that were heard. */
  heardChars: number;
  /** How the server says it speaks and listens; null until it said. */
  applied: ({ voiceSpeed: number; sensitivity: Sensitivity } & Choices) | null;
  /** Whether the settings lie over everything else. */
  settingsOpen: boolean;
  /** What the server did not take of what was chosen there last, and why. */
  refused: Partial<Record<keyof Choices, Explanation>>;
  entries: Entry[];
  trust: TrustState;
  /** What is being said to Janet, as far as it was understood. */
  partial: string | null;
  context: ContextData | null;
  /** Whether the conversation so far was shown on this connection. */
  resumed: boolean;
  /** Whether the user cleared it from view: it does not come back before a reload. */
  cleared: boolean;
  /** Makes keys of entries. */
  nextKey: number;
}

export const initialState: State = {
  link: { kind: 'connecting' },
  status: null,
  role: 'guest',
  capabilities: [],
  iceServers: [],
  mic: { kind: 'off' },
  devices: NO_DEVICES,
  way: 'none',
  callStats: null,
  phone: { state: 'idle' },
  muted: false,
  ringSilent: false,
  her: 'quiet',
  awaiting: false,
  replyId: null,
  heardChars: 0,
  applied: null,
  settingsOpen: false,
  refused: {},
  entries: [],
  trust: initialTrust,
  partial: null,
  context: null,
  resumed: false,
  cleared: false,
  nextKey: 1,
};

/** All that can happen to the page. */
export type Event =
  | { type: 'server'; message: PlainMessage }
  | TrustEvent
  | { type: 'link_connecting' }
  | { type: 'link_open' }
  | { type: 'link_lost'; why: Loss; retryAt: number | null }
  | { type: 'sent'; text: string; requestId: string }
  | { type: 'mic'; mic: Mic }
  | { type: 'devices'; devices: Devices }
  | { type: 'way'; way: Way }
  | { type: 'call_stats'; stats: CallStats }
  | { type: 'phone'; phone: PhoneState; muted: boolean }
  | { type: 'ring_silent'; silent: boolean }
  /** Something to know. */
  | { type: 'note'; text: string }
  /** Something was chosen from one of the server's lists; its answer follows. */
  | { type: 'chosen'; choice: Partial<Choices> }
  | { type: 'settings_shown'; open: boolean }
  /** A push-to-talk turn was given to Janet. */
  | { type: 'committed' }
  /** The user wants an empty chat; Janet's memory is not touched. */
  | { type: 'cleared' }
  /** Nothing more came of what was heard last. */
  | { type: 'partial_stale' }
  /** A fault of the page's own: sound could not be opened, and the like. */
  | { type: 'fault'; title: string; todo: string };
