/** What the page keeps of what the server says, and what it says to it. The words are the wire's own: generated.ts. */
import type * as wire from './generated.js';
import type { Proof, TrustMessage } from './trust.js';

export type Camel<Name extends string> = Name extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<Camel<Tail>>}` : Name;

/** These fields of a message under the names that TypeScript has for them. */
export type Kept<Message, Field extends keyof Message = keyof Message> = {
  [Name in Field as Camel<Name & string>]-?: Exclude<Message[Name], undefined>;
};

export type ModelInfo = wire.ModelInfo;
export type PastMessage = wire.PastMessage;
/** One of a list that `settings_set` chooses from. */
export type Choice = wire.Choice;
/** A server that is not used. */
export type Trouble = wire.Trouble;

/** What `get_context` tells; what an odd server leaves out is null or empty. */
export interface ContextData
  extends Kept<wire.ContextData, 'messages' | 'models' | 'profile' | 'version' | 'voices' | 'language_models' | 'trouble' | 'busy'> {
  conversation: { id: string; uuid: string; expiresAfterS: number | null } | null;
  /** Oldest first. */
  calls: PastCall[];
  status: wire.Status | null;
  /** While the models load: what is being loaded, and how much of all is done (0 to 1). */
  loading: Kept<wire.Loading> | null;
}

export type CallState = wire.CallState;
export type CallDirection = wire.CallDirection;
export type EndReason = wire.EndReason;
/** A call that has ended. */
export type PastCall = Kept<wire.PastCall, 'direction' | 'started_ms' | 'duration_ms' | 'missed' | 'reason'>;

export type Sensitivity = wire.Sensitivity;

/** `busy` is the page's own word: something was refused as `overloaded`, and no context has said since that there is room. */
export type ServerStatus = wire.Status | 'busy';

/** What her voice does. */
export type VoiceState = wire.SpeakingState;

/** Marks of a turn's ledger: name → milliseconds from the end of speech. */
export type Latency = wire.AssistantMessageEvent['latency'];

/** The request that something answers; the page's own are strings. */
export interface Answer {
  requestId: string | null;
}

/** All that the page reads, but for what is about trust. */
export type PlainMessage =
  | (Kept<wire.ConnectedEvent, 'type' | 'client_id' | 'status' | 'role' | 'capabilities'> & { iceServers: RTCIceServer[] })
  | { type: wire.AudioReadyEvent['type']; playRateHz: number }
  | Kept<wire.TranscriptEvent, 'type' | 'text' | 'final'>
  | Kept<wire.AssistantDeltaEvent, 'type' | 'reply_id' | 'text'>
  /** `audio`: base64 WAV, when no stream carries the voice. */
  | (Kept<wire.AssistantMessageEvent, 'type' | 'reply_id' | 'text' | 'user_text' | 'latency'> & Answer & { audio: string | null })
  | Kept<wire.SpeakingEvent, 'type' | 'reply_id' | 'state'>
  | Kept<wire.SpeechHeardEvent, 'type' | 'reply_id' | 'chars'>
  | Kept<wire.SettingsEvent, 'type' | 'voice_speed' | 'sensitivity' | 'voice' | 'model'>
  | Kept<wire.PlayoutFlushEvent, 'type' | 'from_sample'>
  | { type: wire.ContextEvent['type']; data: ContextData }
  | Kept<wire.PongEvent, 'type'>
  | (Kept<wire.VrAnswerEvent, 'type' | 'session_id' | 'sdp'> & Answer)
  | Kept<wire.VrResponseEvent, 'type' | 'session_id' | 'status'>
  | (Kept<wire.VrErrorEvent, 'type'> & Answer & { code: string; sessionId: string | null; field: string | null })
  /** A candidate of the server's besides those in its description. */
  | { type: wire.VrIceRequest['type']; sessionId: string; candidate: RTCIceCandidateInit }
  | Kept<wire.VoipIncomingEvent, 'type' | 'call_id' | 'caller'>
  | Kept<wire.VoipOfferEvent, 'type' | 'call_id' | 'sdp'>
  | Kept<wire.VoipConnectedEvent, 'type' | 'call_id'>
  | Kept<wire.VoipStateEvent, 'type' | 'call_id' | 'state'>
  | Kept<wire.VoipEndedEvent, 'type' | 'call_id' | 'reason' | 'duration_ms'>
  | (Kept<wire.VoipErrorEvent, 'type' | 'message'> & Answer & { code: string; callId: string | null; field: string | null })
  | { type: wire.VoipIceRequest['type']; callId: string; candidate: RTCIceCandidateInit }
  /** On a call's `events` alone. */
  | Kept<wire.FaceClockEvent, 'type' | 'rtp_timestamp' | 'sample'>
  /** What her mouth does at these samples (48 kHz) of her voice: pairs of a viseme's number and 0 to 255. */
  | { type: 'viseme'; frames: Array<{ atSample: number; weights: Array<[number, number]> }> }
  /** From this sample on her face shows this tone; `intensity` 0 to 1. */
  | { type: 'tone'; name: string; intensity: number; atSample: number }
  /** At this sample she does this. */
  | { type: 'gesture'; name: string; atSample: number }
  /** This conversation is gone; another one begins with the next connection. */
  | (Kept<wire.ConversationForgottenEvent, 'type' | 'message'> & Answer & { proof: Proof | null })
  | Kept<wire.PairWantedEvent, 'type' | 'fingerprint'>
  | Kept<wire.PairChallengeEvent, 'type' | 'message'>
  | Kept<wire.PairedEvent, 'type' | 'key' | 'proof'>
  /** `code` may be one of a newer server. */
  | (Kept<wire.ErrorEvent, 'type' | 'message'> & Answer & { code: string; field: string | null });

export type ServerMessage = PlainMessage | TrustMessage;

export type MicMode = wire.VoiceMode;

export type ClientMessage = wire.ClientMessage;
