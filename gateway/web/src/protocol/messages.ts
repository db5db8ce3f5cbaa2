/** What the server says, as types, and what the page says to it. */

/** Model and what the server remarks about it. */
export interface ModelInfo {
  name: string;
  note: string;
}

/** One message of the conversation so far. */
export interface PastMessage {
  role: 'user' | 'assistant';
  text: string;
}

/** What `get_context` tells. */
export interface ContextData {
  messages: PastMessage[];
  /** By role: stt, llm, tts, vad, turn; more may come. */
  models: Record<string, ModelInfo>;
  profile: string;
  version: string;
  conversation: { id: string; expiresAfterS: number | null } | null;
  /** `ready` or `models_loading`, if told. */
  status: ServerStatus | null;
  /** While the models load: what is being loaded, and how much of all is done (0 to 1). */
  loading: { stage: string; done: number } | null;
  /** Why a language server that was asked for is not used; null while all is well. */
  trouble: string | null;
}

/** How readily sound counts as speech. */
export type Sensitivity = 'low' | 'normal' | 'high';

export type ServerStatus = 'ready' | 'models_loading' | 'busy';

/** What her voice does. */
export type VoiceState = 'started' | 'paused' | 'resumed' | 'finished' | 'stopped';

/** Marks of a turn's ledger: name → milliseconds from the end of speech. */
export type Latency = Record<string, number>;

export type ServerMessage =
  | { type: 'connected'; clientId: string; status: ServerStatus; role: string }
  | { type: 'status'; status: ServerStatus }
  | { type: 'audio_ready'; playRateHz: number }
  | { type: 'transcript'; text: string; final: boolean }
  | { type: 'assistant_delta'; replyId: string; text: string }
  | {
      type: 'assistant_message';
      replyId: string;
      text: string;
      userText: string;
      latency: Latency;
      /** Base64 WAV, when no stream carries the voice. */
      audio: string | null;
      requestId: string | null;
    }
  | { type: 'speaking'; replyId: string; state: VoiceState }
  | { type: 'speech_heard'; replyId: string; chars: number }
  | { type: 'settings'; voiceSpeed: number; sensitivity: Sensitivity }
  | { type: 'playout_flush'; fromSample: number }
  | { type: 'context'; data: ContextData }
  | { type: 'pong' }
  | { type: 'error'; code: string; message: string; field: string | null; requestId: string | null };

export type MicMode = 'hands_free' | 'push_to_talk';

export type ClientMessage =
  | { type: 'message'; text: string; speak: boolean; request_id: string }
  | { type: 'get_context' }
  | { type: 'settings_set'; voice_speed?: number; sensitivity?: Sensitivity }
  | { type: 'interrupt' }
  | { type: 'ping'; timestamp: number }
  | { type: 'audio_start'; rate_hz: number; play_rate_hz: number; mode: MicMode }
  | { type: 'audio_end' }
  | { type: 'audio_stop' }
  | { type: 'playout'; played_sample: number };
