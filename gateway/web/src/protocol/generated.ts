/**
 * What goes over the WebSocket, as types. Made from gateway/protocol/schema/janet-protocol.schema.json by
 * `npm run types`; do not edit.
 */

export type Frame = ClientMessage | ServerMessage;
/** What a client may send. Unknown fields are ignored. What is refused is answered by `error`, and the connection stays. */
export type ClientMessage =
  | MessageRequest
  | TextInputRequest
  | AudioRequest
  | AudioChunkRequest
  | AudioStartRequest
  | AudioEndRequest
  | AudioStopRequest
  | AudioLoopRequest
  | PlayoutRequest
  | InterruptRequest
  | PingRequest
  | GetContextRequest
  | SettingsSetRequest
  | ClientConnectRequest
  | VrConnectRequest
  | VrAudioRequest
  | VrPoseRequest
  | VrIceRequest
  | VoipCallRequest
  | VoipAnswerRequest
  | VoipIceRequest
  | VoipAudioRequest
  | VoipHoldRequest
  | VoipEndRequest
  | VoipRingRequest
  | PairOpenRequest
  | PairStartRequest
  | PairFinishRequest
  | DeviceListRequest
  | DeviceRevokeRequest
  | TransferContextRequest
  | ConsentResponseRequest
  | MemorySearchRequest
  | MemoryListRequest
  | MemoryRememberRequest
  | MemoryEditRequest
  | MemoryForgetRequest
  | MemoryDistilRequest
  | MemoryForgetAllRequest
  | ConversationForgetRequest
  | VaultCreateRequest
  | VaultUnlockRequest
  | VaultLockRequest
  | VaultPutRequest
  | VaultGetRequest
  | VaultListRequest
  | VaultForgetRequest
  | VaultChangeRequest
  | VaultExportRequest
  | VaultImportRequest
  | RedThreadRequest
  | RedThreadClearRequest
  | GrantListRequest
  | GrantAddRequest
  | GrantRevokeRequest
  | AuditReadRequest
  | PersonaListRequest
  | PersonaSetRequest
  | PrivacyReadRequest
  | SoulListRequest;
/** Name that a client gives its request, echoed in everything that answers it: a string of at most 256 bytes in UTF-8, or an integer of 64 bits. */
export type RequestId = string | number;
/** A text that is not blank, of at most 16384 bytes in UTF-8. */
export type Words = string;
/** Base64 (standard alphabet; padding may lack, blanks and line breaks are skipped) of a WAV file, or of s16le mono at 16000 Hz. At most 10485760 bytes once decoded; without a WAV header an even number of them. */
export type Recording = string;
/** How a turn of streamed speech ends. */
export type VoiceMode = 'hands_free' | 'push_to_talk';
/** In whatever unit the client likes; comes back as it was sent. A number, or a string of at most 256 bytes in UTF-8. */
export type Timestamp = string | number;
/** How readily sound from the microphone counts as speech. */
export type Sensitivity = 'low' | 'normal' | 'high';
/** Not blank, at most 128 bytes in UTF-8. */
export type SessionId = string;
/** A session description (RFC 8866) of at most 65536 bytes. */
export type Description = string;
/** A description that has to be answered. */
export type OfferType = 'offer';
/** Over what voice travels besides the WebSocket. */
export type Transport = 'webrtc' | 'quic';
/** The client's answer to `vr_offer`, or one whole utterance as a recording; answered by `vr_response`. One of `sdp` and `audio` is there, and not both. */
export type VrAudioRequest = {
  /** The recording. She answers by words, and by a recording where no media is up. */
  audio?: Recording | null;
  /** Echoed in everything that answers this; null counts as absent. */
  request_id?: RequestId | null;
  /** The answer. */
  sdp?: Description | null;
  /** What `sdp` is. */
  sdp_type?: AnswerType | null;
  /** The session. */
  session_id: SessionId;
  type: 'vr_audio';
} & VrAudioRequest1;
/** A description that answers one. */
export type AnswerType = 'answer';
export type VrAudioRequest1 =
  | {
      audio?: null;
      sdp: string;
    }
  | {
      audio: string;
      sdp?: null;
    };
/** An ICE candidate (RFC 8839 §5.1) of at most 1024 bytes; empty: there are no more. */
export type Candidate = string;
/** Of at most 128 bytes in UTF-8. */
export type Mid = string;
/** Not blank, at most 128 bytes in UTF-8. */
export type CallId = string;
/** Not blank, at most 128 bytes in UTF-8. */
export type Label = string;
/** Bytes, in 64 to 200 hexadecimal digits; empty: none yet. */
export type PushToken = string;
/** Who calls whom, as the client sees it. */
export type CallDirection = 'outgoing' | 'incoming';
/** Of at most 1024 bytes in UTF-8. */
export type EndWords = string;
/** What a connection may do. */
export type Role = 'operator' | 'guest';
/** A text that is not blank, without control characters, of at most 128 bytes in UTF-8. */
export type DeviceName = string;
/** What a transfer takes along besides messages. Blue is in no list: it never leaves. */
export type VaultName = 'green' | 'red';
/** Not blank, at most 1024 bytes in UTF-8; blanks belong to it. */
export type SafeWord = string;
/** One of her two souls. */
export type SoulName = 'networked' | 'constitutional';
/** The answer to `consent_request` or `soul_check`; one counts. One of the ids is there. */
export type ConsentResponseRequest = ConsentResponseRequest1 & {
  /** Which question. */
  consent_id?: Label | null;
  /** The one question that is open in this conversation. */
  conversation_uuid?: Label | null;
  /** Yes or no. */
  granted: boolean;
  /** Echoed in everything that answers this; null counts as absent. */
  request_id?: RequestId | null;
  type: 'consent_response';
};
export type ConsentResponseRequest1 =
  | {
      consent_id: string;
    }
  | {
      conversation_uuid: string;
    };
/** Not blank, at most 65536 bytes in UTF-8; blanks belong to it. */
export type SecretValue = string;
/** Base64 (standard alphabet; padding may lack, blanks and line breaks are skipped) of at most 4194304 bytes once decoded. */
export type SecretsFile = string;
/** What Janet sends. */
export type ServerMessage =
  | ConnectedEvent
  | AssistantDeltaEvent
  | AssistantMessageEvent
  | ResponseEvent
  | AudioReadyEvent
  | AudioLoopingEvent
  | PlayoutFlushEvent
  | TranscriptEvent
  | SpeakingEvent
  | SpeechHeardEvent
  | SettingsEvent
  | PongEvent
  | ContextEvent
  | VrOfferEvent
  | VrAnswerEvent
  | VrIceEvent
  | VrOpenedEvent
  | VrResponseEvent
  | VrErrorEvent
  | VoipIncomingEvent
  | VoipOfferEvent
  | VoipIceEvent
  | VoipConnectedEvent
  | VoipResponseEvent
  | VoipAudioEvent
  | VoipStateEvent
  | VoipEndedEvent
  | VoipErrorEvent
  | FaceClockEvent
  | VisemeEvent
  | ToneEvent
  | GestureEvent
  | PairWantedEvent
  | PairOpenedEvent
  | PairClosedEvent
  | DevicePairedEvent
  | PairChallengeEvent
  | PairedEvent
  | DevicesListedEvent
  | DeviceRevokedEvent
  | ErrorEvent
  | ConsentRequestEvent
  | SoulCheckEvent
  | ConsentRequestAudioEvent
  | ConsentClosedEvent
  | TransferProgressEvent
  | TransferResultEvent
  | TransferDeniedEvent
  | TransferErrorEvent
  | MemoryResultsEvent
  | MemoryResultEvent
  | ConversationForgottenEvent
  | VaultResultEvent
  | VaultExportedEvent
  | RedThreadStateEvent
  | RedThreadTokenEvent
  | GrantsListedEvent
  | GrantAddedEvent
  | GrantRevokedEvent
  | AuditEntriesEvent
  | PersonasListedEvent
  | PersonaChangedEvent
  | PrivacyEvent
  | SoulsListedEvent;
/** Whether requests are served. */
export type Status = 'ready' | 'models_loading';
/** Base64: standard alphabet, padded, in one line. */
export type Base64 = string;
/** Format of a sound inside JSON. */
export type AudioFormat = 'wav';
/** How she means it. */
export type Tone = 'happy' | 'thinking' | 'neutral' | 'concerned';
/** What changed in her voice. */
export type SpeakingState = 'started' | 'paused' | 'resumed' | 'finished' | 'stopped';
/** Why a call ended. */
export type EndReason =
  | 'hung_up'
  | 'declined'
  | 'missed'
  | 'timed_out'
  | 'unreachable'
  | 'network_lost'
  | 'client_gone'
  | 'superseded'
  | 'shutting_down'
  | 'failed';
/** Who said something. */
export type Speaker = 'user' | 'assistant';
/** Which side of an agreement a session description is. */
export type SdpType = 'offer' | 'answer';
/** How far a session of voice in real time is. */
export type VrStatus = 'connecting' | 'connected' | 'ended';
/** Machine-readable reason of an `error`. A newer server may send others; take them like `internal`. */
export type ErrorCode =
  | 'bad_json'
  | 'unknown_type'
  | 'missing_field'
  | 'wrong_type'
  | 'out_of_range'
  | 'duplicate_field'
  | 'empty_field'
  | 'field_too_large'
  | 'frame_too_large'
  | 'bad_base64'
  | 'bad_audio'
  | 'odd_byte_count'
  | 'audio_not_started'
  | 'audio_already_started'
  | 'unknown_client'
  | 'superseded'
  | 'not_permitted'
  | 'not_paired'
  | 'pair_failed'
  | 'not_ready'
  | 'overloaded'
  | 'too_slow'
  | 'no_speech'
  | 'interrupted'
  | 'unknown_session'
  | 'unknown_call'
  | 'busy'
  | 'bad_description'
  | 'bad_candidate'
  | 'bad_pose'
  | 'red_thread'
  | 'not_consented'
  | 'vault_refused'
  | 'vault_locked'
  | 'not_found'
  | 'not_kept'
  | 'unexpected'
  | 'unreachable'
  | 'shutting_down'
  | 'internal';
/** How far a call is. */
export type CallState = 'idle' | 'ringing' | 'connecting' | 'connected' | 'on_hold' | 'ended';
/** Why a pairing is over without a device. */
export type PairEnd = 'late' | 'worn_out' | 'withdrawn' | 'failed';
/** How a question ended. */
export type ConsentOutcome = 'granted' | 'denied' | 'expired' | 'withdrawn';
/** How far a transfer is. */
export type TransferStage = 'asking' | 'exporting' | 'importing' | 'reconciling';
/** What was done with a memory. */
export type MemoryVerb = 'remember' | 'edit' | 'forget' | 'forget_all';
/** What was asked of the vault of secrets. */
export type VaultVerb =
  'create' | 'unlock' | 'lock' | 'put' | 'get' | 'list' | 'forget' | 'change' | 'export' | 'import' | 'status';
/** How far that is. */
export type VaultStatus = 'checking' | 'done' | 'refused' | 'delayed';

/** A typed message; answered by `assistant_delta`s and one `assistant_message`. */
export interface MessageRequest {
  /** Whether this may be remembered; absent or null: nothing is said about it. */
  remember?: boolean | null;
  /** Echoed in everything that answers this; null counts as absent. */
  request_id?: RequestId | null;
  /** Whether the answer is spoken. */
  speak?: boolean | null;
  /** The words. */
  text: Words;
  type: 'message';
}
/** The older dialect's `message`; answered by one `response`. */
export interface TextInputRequest {
  /** Whether this may be remembered; absent or null: nothing is said about it. */
  remember?: boolean | null;
  /** Echoed in everything that answers this; null counts as absent. */
  request_id?: RequestId | null;
  /** Whether the answer is spoken. */
  speak?: boolean | null;
  /** The words. */
  text: Words;
  type: 'text_input';
}
/** One whole utterance, never endpointed; answered as `message`. */
export interface AudioRequest {
  /** The recording. */
  audio: Recording;
  /** Echoed in everything that answers this; null counts as absent. */
  request_id?: RequestId | null;
  type: 'audio';
}
/** The older dialect's `audio`; answered by one `response`. */
export interface AudioChunkRequest {
  /** The recording. */
  audio: Recording;
  /** Echoed in everything that answers this; null counts as absent. */
  request_id?: RequestId | null;
  type: 'audio_chunk';
}
/** Streaming voice begins: binary frames up are accepted once `audio_ready` has come. */
export interface AudioStartRequest {
  /** Who ends a turn. */
  mode: VoiceMode;
  /** Rate of the binary frames down, in Hz. */
  play_rate_hz: 24000 | 48000;
  /** Rate of the binary frames up, in Hz. */
  rate_hz: 16000;
  /** Echoed in everything that answers this; null counts as absent. */
  request_id?: RequestId | null;
  type: 'audio_start';
}
/** The push-to-talk turn is complete. */
export interface AudioEndRequest {
  /** Echoed in everything that answers this; null counts as absent. */
  request_id?: RequestId | null;
  type: 'audio_end';
}
/** Streaming voice ends; her speech stops too. */
export interface AudioStopRequest {
  /** Echoed in everything that answers this; null counts as absent. */
  request_id?: RequestId | null;
  type: 'audio_stop';
}
/** The open microphone is heard back as her voice instead of listened to, or listened to again: so a client measures what the way there and back takes. She falls silent at either. */
export interface AudioLoopRequest {
  /** Whether it is heard back. */
  on: boolean;
  /** Echoed in everything that answers this; null counts as absent. */
  request_id?: RequestId | null;
  type: 'audio_loop';
}
/** What the client has really played: sent every 100 ms while playing, and after each `playout_flush`. */
export interface PlayoutRequest {
  /** Samples played so far on this connection, at the play rate; wraps at 2³². */
  played_sample: number;
  /** Echoed in everything that answers this; null counts as absent. */
  request_id?: RequestId | null;
  type: 'playout';
}
/** Her speech stops at once. */
export interface InterruptRequest {
  /** Echoed in everything that answers this; null counts as absent. */
  request_id?: RequestId | null;
  type: 'interrupt';
}
/** Answered by `pong` with the same timestamp. */
export interface PingRequest {
  /** Echoed in everything that answers this; null counts as absent. */
  request_id?: RequestId | null;
  /** The client's own clock. */
  timestamp: Timestamp;
  type: 'ping';
}
/** Answered by `context`. */
export interface GetContextRequest {
  /** Echoed in everything that answers this; null counts as absent. */
  request_id?: RequestId | null;
  type: 'get_context';
}
/** How she speaks and listens on this connection; answered by `settings`. A field that is absent or null leaves its setting as it is. */
export interface SettingsSetRequest {
  /** With which language model she thinks, for the answers that begin from now on: the id of one that `context` lists. */
  model?: Words | null;
  /** Echoed in everything that answers this; null counts as absent. */
  request_id?: RequestId | null;
  /** How readily sound counts as speech. */
  sensitivity?: Sensitivity | null;
  type: 'settings_set';
  /** With which voice she speaks: the id of one that `context` lists. */
  voice?: Words | null;
  /** How fast she speaks; 1 is the voice's own pace. Holds for the phrases made from now on. */
  voice_speed?: number | null;
}
/** The first message of a control stream over QUIC, and of nothing else: what the WebSocket says in its upgrade. Answered by `connected`, or by `pair_wanted` where a key is needed and none was shown. */
export interface ClientConnectRequest {
  /** Resumes a session; absent or null: a new one begins. */
  client_id?: SessionId | null;
  /** The device's key; nobody on Janet's own machine needs one. */
  key?: SessionId | null;
  /** Echoed in everything that answers this; null counts as absent. */
  request_id?: RequestId | null;
  type: 'client_connect';
}
/** Voice in real time begins; answered by `vr_offer`, by `vr_answer` to a description of the client's, or by `vr_opened` over QUIC. A session that this connection has already ends. */
export interface VrConnectRequest {
  /** Where the head is at the beginning. */
  head_pose?: Pose | null;
  /** Echoed in everything that answers this; null counts as absent. */
  request_id?: RequestId | null;
  /** The client's offer; absent or null: the server offers. */
  sdp?: Description | null;
  /** What `sdp` is. */
  sdp_type?: OfferType | null;
  /** What the session will be called; absent or null: the server chooses. */
  session_id?: SessionId | null;
  /** Over what; absent or null: WebRTC. */
  transport?: Transport | null;
  type: 'vr_connect';
}
/** Where something is and where it points, right-handed with y up, as in WebXR. */
export interface Pose {
  /**
   * x, y, z in metres, each within 1000 of the middle of the room.
   *
   * @minItems 3
   * @maxItems 3
   */
  position: [number, number, number];
  /**
   * A unit quaternion: x, y, z, w. Its length is 1 within one hundredth.
   *
   * @minItems 4
   * @maxItems 4
   */
  rotation: [number, number, number, number];
}
/** Where the client's head and hands are now. As many messages a second as of any other kind are taken; ten or twenty are plenty to be looked at by. Answered only if it is refused. */
export interface VrPoseRequest {
  /** The hands, as far as they are seen. */
  hands?: Hands | null;
  /** The head. */
  head: Pose;
  /** Echoed in everything that answers this; null counts as absent. */
  request_id?: RequestId | null;
  /** The session. */
  session_id: SessionId;
  type: 'vr_pose';
}
/** Both hands, as far as they are seen. */
export interface Hands {
  /** The left one. */
  left?: Pose | null;
  /** The right one. */
  right?: Pose | null;
}
/** Where the client may be reached. Answered only if it is refused. */
export interface VrIceRequest {
  /** The candidate. */
  candidate: Candidate;
  /** Echoed in everything that answers this; null counts as absent. */
  request_id?: RequestId | null;
  /** The media section it belongs to; all share one transport. */
  sdp_mid?: Mid | null;
  /** The same by number. */
  sdp_mline_index?: number | null;
  /** The session. */
  session_id: SessionId;
  type: 'vr_ice';
}
/** The client calls, or answers Janet's ring; answered by `voip_offer`. One call at a time: a second one is refused as `busy`. */
export interface VoipCallRequest {
  /** What the call will be called, or is called that is answered; absent or null: the server chooses, and the one that rings is answered. */
  call_id?: CallId | null;
  /** On what. */
  device_info: DeviceInfo;
  /** `outgoing`: the client calls. `incoming`: it answers. */
  direction: CallDirection;
  /** Echoed in everything that answers this; null counts as absent. */
  request_id?: RequestId | null;
  type: 'voip_call';
}
/** On what somebody calls. */
export interface DeviceInfo {
  /** The device's own name. */
  device: Label;
  /** Such as `ios`, `unity` or `browser`. */
  platform: Label;
  /** By which it can be rung while it is not connected. */
  push_token?: PushToken | null;
}
/** The client's answer to `voip_offer`; answered by `voip_connected` once voice flows, or by `voip_ended`. */
export interface VoipAnswerRequest {
  /** The call that was offered. */
  call_id: CallId;
  /** Echoed in everything that answers this; null counts as absent. */
  request_id?: RequestId | null;
  /** The answer. */
  sdp: Description;
  /** What `sdp` is. */
  sdp_type: AnswerType;
  type: 'voip_answer';
}
/** Where the client may be reached. Answered only if it is refused. */
export interface VoipIceRequest {
  /** The call. */
  call_id: CallId;
  /** The candidate. */
  candidate: Candidate;
  /** Echoed in everything that answers this; null counts as absent. */
  request_id?: RequestId | null;
  /** The media section it belongs to; all share one transport. */
  sdp_mid?: Mid | null;
  /** The same by number. */
  sdp_mline_index?: number | null;
  type: 'voip_ice';
}
/** One whole utterance, while no other way for voice is up; answered by `voip_response`, and her voice as `voip_audio`. */
export interface VoipAudioRequest {
  /** The recording. */
  audio: Recording;
  /** The call. */
  call_id: CallId;
  /** Echoed in everything that answers this; null counts as absent. */
  request_id?: RequestId | null;
  type: 'voip_audio';
}
/** Neither side hears the other, or both do again; answered by `voip_state`. */
export interface VoipHoldRequest {
  /** The call. */
  call_id: CallId;
  /** Whether it is held. */
  on: boolean;
  /** Echoed in everything that answers this; null counts as absent. */
  request_id?: RequestId | null;
  type: 'voip_hold';
}
/** The client hangs up, or declines to be rung; answered by `voip_ended`. */
export interface VoipEndRequest {
  /** The call. */
  call_id: CallId;
  /** Why, in the client's own words. Whether it hung up or declined shows by itself. */
  reason?: EndWords | null;
  /** Echoed in everything that answers this; null counts as absent. */
  request_id?: RequestId | null;
  type: 'voip_end';
}
/** Janet rings the client of a conversation, over its connection, or by a push where it has none and gave a `push_token`; answered by `voip_state`, and a push that nobody answers by `voip_ended`. */
export interface VoipRingRequest {
  /** Who calls, for people; absent or null: Janet. */
  caller?: Label | null;
  /** The conversation, by the `client_id` that brings back to it; absent or null: this one. */
  client_id?: Label | null;
  /** Echoed in everything that answers this; null counts as absent. */
  request_id?: RequestId | null;
  type: 'voip_ring';
}
/** Lets one device in: it has two minutes and five tries. Answered by `pair_opened`; then by `device_paired`, or by `pair_closed`. It takes the place of one that is open, and closing this connection takes it back. */
export interface PairOpenRequest {
  /** Echoed in everything that answers this; null counts as absent. */
  request_id?: RequestId | null;
  /** What the device may do. */
  role: Role;
  type: 'pair_open';
}
/** The first message of a pairing: counts as a try. SPAKE2 over Ed25519 as python-spake2 has it: the password is the code's eight digits, side A's identity `janet/pair/1 client`, side B's `janet/pair/1 server FINGERPRINT` with the 64 lower-case digits of the SHA-256 of the certificate that the client sees. Answered by `pair_challenge`. */
export interface PairStartRequest {
  /** Side A's message. */
  message: string;
  /** What the device is called, for people. */
  name: DeviceName;
  /** Echoed in everything that answers this; null counts as absent. */
  request_id?: RequestId | null;
  type: 'pair_start';
}
/** Shows that the client knew the code and saw the certificate. Answered by `paired`, whose proof the client compares before it believes the key. */
export interface PairFinishRequest {
  /** HMAC-SHA-256 under the exchange's key of `janet/pair/1 client`; the server's is of `janet/pair/1 server`. */
  proof: string;
  /** Echoed in everything that answers this; null counts as absent. */
  request_id?: RequestId | null;
  type: 'pair_finish';
}
/** Answered by `devices_listed`. */
export interface DeviceListRequest {
  /** Echoed in everything that answers this; null counts as absent. */
  request_id?: RequestId | null;
  type: 'device_list';
}
/** Shuts a device out: its connections are closed at once. Answered by `device_revoked`. */
export interface DeviceRevokeRequest {
  /** Which, as `devices_listed` calls it. */
  device_id: string;
  /** Echoed in everything that answers this; null counts as absent. */
  request_id?: RequestId | null;
  type: 'device_revoke';
}
/** Messages and memories go to the other soul, after consent; answered by `transfer_progress`, and in the end by `transfer_result`, `transfer_denied` or `transfer_error`. */
export interface TransferContextRequest {
  /** Counts only where transfers have a standing grant; absent or null: false. */
  auto_consent?: boolean | null;
  /** Which conversation; absent or null: this one. */
  conversation_uuid?: Label | null;
  /** What another soul has exported, instead of what is here. Believed only where a paired soul has signed it; else each entry passes the gate as new. */
  exported_context?: ExportedContext | null;
  /**
   * What goes along with the messages; absent or null: nothing.
   *
   * @maxItems 8
   */
  include_vaults?:
    | []
    | [VaultName]
    | [VaultName, VaultName]
    | [VaultName, VaultName, VaultName]
    | [VaultName, VaultName, VaultName, VaultName]
    | [VaultName, VaultName, VaultName, VaultName, VaultName]
    | [VaultName, VaultName, VaultName, VaultName, VaultName, VaultName]
    | [VaultName, VaultName, VaultName, VaultName, VaultName, VaultName, VaultName]
    | [VaultName, VaultName, VaultName, VaultName, VaultName, VaultName, VaultName, VaultName]
    | null;
  /** Echoed in everything that answers this; null counts as absent. */
  request_id?: RequestId | null;
  /** Needed for `red`. */
  safe_word?: SafeWord | null;
  /** From which. */
  source_soul: SoulName;
  /** To which. */
  target_soul: SoulName;
  type: 'transfer_context';
}
/** As `transfer_context` of the other soul gave it. */
export interface ExportedContext {}
/** Answered by `memory_results`, the best first. */
export interface MemorySearchRequest {
  /** How many at most, 1 to 100; absent or null: 10. */
  limit?: number | null;
  /** What to look for. */
  query: Words;
  /** Echoed in everything that answers this; null counts as absent. */
  request_id?: RequestId | null;
  /** In which soul; absent or null: both, as far as they live here. */
  soul?: SoulName | null;
  type: 'memory_search';
}
/** Answered by `memory_results`, the newest first. */
export interface MemoryListRequest {
  /** Only what was remembered before this one; absent or null: from the newest on. */
  before?: Label | null;
  /** How many at most, 1 to 100; absent or null: 50. */
  limit?: number | null;
  /** Echoed in everything that answers this; null counts as absent. */
  request_id?: RequestId | null;
  /** Of which soul; absent or null: both, as far as they live here. */
  soul?: SoulName | null;
  type: 'memory_list';
}
/** To be remembered: the click is the consent. Answered by `memory_result`. */
export interface MemoryRememberRequest {
  /** Echoed in everything that answers this; null counts as absent. */
  request_id?: RequestId | null;
  /** Which soul is to remember it; absent or null: the one that this conversation lives in. */
  soul?: SoulName | null;
  /** What. */
  text: Words;
  type: 'memory_remember';
}
/** Answered by `memory_result`. */
export interface MemoryEditRequest {
  /** Which. */
  id: Label;
  /** Echoed in everything that answers this; null counts as absent. */
  request_id?: RequestId | null;
  /** In which soul; absent or null: wherever it is remembered. */
  soul?: SoulName | null;
  /** What it says from now on. */
  text: Words;
  type: 'memory_edit';
}
/** Answered by `memory_result`. */
export interface MemoryForgetRequest {
  /** Which. */
  id: Label;
  /** Echoed in everything that answers this; null counts as absent. */
  request_id?: RequestId | null;
  /** In which soul; absent or null: wherever it is remembered. */
  soul?: SoulName | null;
  type: 'memory_forget';
}
/** What is worth remembering of this conversation is distilled, asked about, and remembered after a yes; answered by one `memory_result` for each memory. */
export interface MemoryDistilRequest {
  /** Echoed in everything that answers this; null counts as absent. */
  request_id?: RequestId | null;
  type: 'memory_distil';
}
/** Everything that is remembered is forgotten, in both souls, after a soul check; answered by `memory_result`. */
export interface MemoryForgetAllRequest {
  /** Whether all conversations go, too, and what is unlocked or noted in memory: who is connected begins anew. Absent or null: false. */
  everything?: boolean | null;
  /** Echoed in everything that answers this; null counts as absent. */
  request_id?: RequestId | null;
  type: 'memory_forget_all';
}
/** This conversation is forgotten at once, in both souls, with the key that its words were written under; answered by `conversation_forgotten`, and the connection ends. */
export interface ConversationForgetRequest {
  /** Echoed in everything that answers this; null counts as absent. */
  request_id?: RequestId | null;
  type: 'conversation_forget';
}
/** Makes the vault of secrets, which there is not yet. Answered by `vault_result`, as all that follow. */
export interface VaultCreateRequest {
  /** Echoed in everything that answers this; null counts as absent. */
  request_id?: RequestId | null;
  /** The safe word: typed, never spoken, never stored. */
  safe_word: SafeWord;
  /** Whose vault; absent or null: the one that this conversation lives in. */
  soul?: SoulName | null;
  type: 'vault_create';
}
/** Copies secrets into memory. */
export interface VaultUnlockRequest {
  /**
   * Which; absent or null: none yet, their names alone.
   *
   * @maxItems 64
   */
  names?: Label[] | null;
  /** Echoed in everything that answers this; null counts as absent. */
  request_id?: RequestId | null;
  /** The safe word. */
  safe_word: SafeWord;
  /** Whose vault; absent or null: the one that this conversation lives in. */
  soul?: SoulName | null;
  type: 'vault_unlock';
}
/** Overwrites what was unlocked. */
export interface VaultLockRequest {
  /** Echoed in everything that answers this; null counts as absent. */
  request_id?: RequestId | null;
  /** Whose vault; absent or null: both. */
  soul?: SoulName | null;
  type: 'vault_lock';
}
/** Keeps a secret, also while the vault is locked. */
export interface VaultPutRequest {
  /** By what it is found. */
  name: Label;
  /** Echoed in everything that answers this; null counts as absent. */
  request_id?: RequestId | null;
  /** Whose vault; absent or null: the one that this conversation lives in. */
  soul?: SoulName | null;
  /**
   * Words to find it by; absent or null: none.
   *
   * @maxItems 64
   */
  tags?: Label[] | null;
  type: 'vault_put';
  /** The secret. */
  value: SecretValue;
}
/** Hands out a secret, once the vault is unlocked. */
export interface VaultGetRequest {
  /** Which. */
  name: Label;
  /** Echoed in everything that answers this; null counts as absent. */
  request_id?: RequestId | null;
  /** Whose vault; absent or null: the one that this conversation lives in. */
  soul?: SoulName | null;
  type: 'vault_get';
}
/** Tells the names, once the vault is unlocked; before that, whether there is a vault. */
export interface VaultListRequest {
  /** Echoed in everything that answers this; null counts as absent. */
  request_id?: RequestId | null;
  /** Whose vault; absent or null: the one that this conversation lives in. */
  soul?: SoulName | null;
  type: 'vault_list';
}
/** Forgets a secret. */
export interface VaultForgetRequest {
  /** Which. */
  name: Label;
  /** Echoed in everything that answers this; null counts as absent. */
  request_id?: RequestId | null;
  /** Whose vault; absent or null: the one that this conversation lives in. */
  soul?: SoulName | null;
  type: 'vault_forget';
}
/** Another safe word from now on. */
export interface VaultChangeRequest {
  /** The one from now on. */
  new_safe_word: SafeWord;
  /** Echoed in everything that answers this; null counts as absent. */
  request_id?: RequestId | null;
  /** The one until now. */
  safe_word: SafeWord;
  /** Whose vault; absent or null: the one that this conversation lives in. */
  soul?: SoulName | null;
  type: 'vault_change';
}
/** All secrets as a file under a password of its own, after a soul check; answered by `vault_exported`. */
export interface VaultExportRequest {
  /** The file's password. */
  password: SafeWord;
  /** Echoed in everything that answers this; null counts as absent. */
  request_id?: RequestId | null;
  /** The safe word. */
  safe_word: SafeWord;
  /** Whose vault; absent or null: the one that this conversation lives in. */
  soul?: SoulName | null;
  type: 'vault_export';
}
/** Takes in such a file, once the vault is unlocked. */
export interface VaultImportRequest {
  /** The file. */
  file: SecretsFile;
  /** Its password. */
  password: SafeWord;
  /** Echoed in everything that answers this; null counts as absent. */
  request_id?: RequestId | null;
  /** Whose vault; absent or null: the one that this conversation lives in. */
  soul?: SoulName | null;
  type: 'vault_import';
}
/** Everything stops at once; answered by `red_thread_state`, which everybody gets. */
export interface RedThreadRequest {
  /** Why, in the client's own words. It is not kept. */
  reason?: EndWords | null;
  /** Echoed in everything that answers this; null counts as absent. */
  request_id?: RequestId | null;
  type: 'red_thread';
}
/** It goes on. With neither field: the first of two clicks, answered by `red_thread_token`. */
export interface RedThreadClearRequest {
  /** Echoed in everything that answers this; null counts as absent. */
  request_id?: RequestId | null;
  /** The safe word. */
  safe_word?: SafeWord | null;
  /** What the first click was answered by. */
  token?: Label | null;
  type: 'red_thread_clear';
}
/** Answered by `grants_listed`. */
export interface GrantListRequest {
  /** Echoed in everything that answers this; null counts as absent. */
  request_id?: RequestId | null;
  type: 'grant_list';
}
/** A standing consent, after a soul check; answered by `grant_added`. */
export interface GrantAddRequest {
  /** To what: `remember`, `transfer` or the name of a delegation. */
  action: Label;
  /** Echoed in everything that answers this; null counts as absent. */
  request_id?: RequestId | null;
  type: 'grant_add';
}
/** Answered by `grant_revoked`. */
export interface GrantRevokeRequest {
  /** Which. */
  grant_id: Label;
  /** Echoed in everything that answers this; null counts as absent. */
  request_id?: RequestId | null;
  type: 'grant_revoke';
}
/** The audit log, the newest first; answered by `audit_entries`. */
export interface AuditReadRequest {
  /** Only what comes before the entry of this number; absent or null: from the newest on. */
  before?: number | null;
  /** How many at most, 1 to 100; absent or null: 50. */
  limit?: number | null;
  /** Echoed in everything that answers this; null counts as absent. */
  request_id?: RequestId | null;
  type: 'audit_read';
}
/** Answered by `personas_listed`. */
export interface PersonaListRequest {
  /** Echoed in everything that answers this; null counts as absent. */
  request_id?: RequestId | null;
  type: 'persona_list';
}
/** Who she is from now on, after a soul check; answered by `persona_changed`. */
export interface PersonaSetRequest {
  /** Which, as `personas_listed` calls it. */
  persona_id: Label;
  /** Echoed in everything that answers this; null counts as absent. */
  request_id?: RequestId | null;
  type: 'persona_set';
}
/** What is kept, what leaves and who listens; answered by `privacy`. */
export interface PrivacyReadRequest {
  /** Echoed in everything that answers this; null counts as absent. */
  request_id?: RequestId | null;
  type: 'privacy_read';
}
/** Answered by `souls_listed`. */
export interface SoulListRequest {
  /** Echoed in everything that answers this; null counts as absent. */
  request_id?: RequestId | null;
  type: 'soul_list';
}
/** The first frame of every connection. */
export interface ConnectedEvent {
  /** What this server can do, as lower-case nouns. */
  capabilities: string[];
  /** Resumes this session in `?client_id=`; 32 hexadecimal digits. */
  client_id: string;
  /** Servers that help the client's voice through routers, for its own `RTCPeerConnection`; absent: none. Told to who came from this machine or with a key. */
  ice_servers?: IceServer[];
  /** Ids of the nodes of the cluster. */
  nodes: string[];
  /** Version of the protocol, `PROTOCOL`; grows when a released name changes its meaning. */
  protocol: number;
  /** The `request_id` of what this answers, if it had one. */
  request_id?: RequestId;
  /** What this connection may do. */
  role: Role;
  /** Whether requests are served yet; sent again when that changes. */
  status: Status;
  type: 'connected';
}
/** A server that helps voice through routers, as `RTCIceServer` has it. */
export interface IceServer {
  /** The password that belongs to it. */
  credential?: string | null;
  /** Its URIs (RFC 7064, RFC 7065). */
  urls: string[];
  /** For one that relays. */
  username?: string | null;
}
/** Text that follows what was sent of this reply before. Canonical dialect. */
export interface AssistantDeltaEvent {
  /** Which reply. */
  reply_id: string;
  /** The `request_id` of what this answers, if it had one. */
  request_id?: RequestId;
  /** The text. */
  text: string;
  type: 'assistant_delta';
}
/** A reply is complete. Canonical dialect. */
export interface AssistantMessageEvent {
  /** What was done besides answering. */
  actions: unknown[];
  /** The whole sound, where it was asked for and is not streamed. */
  audio?: Base64;
  /** Format of `audio`. */
  audio_format?: AudioFormat;
  /** The session. */
  client_id: string;
  /** Pictures that belong to the answer. */
  images: unknown[];
  /** The ledger's marks by name, in ms from the end of speech; negative: before it. */
  latency: {
    [k: string]: number;
  };
  /** Which reply. */
  reply_id: string;
  /** The `request_id` of what this answers, if it had one. */
  request_id?: RequestId;
  /** What history keeps: all of it, or what was heard of a spoken reply. */
  text: string;
  /** How she means it. */
  tone: Tone;
  type: 'assistant_message';
  /** What was answered: the typed text, or what was understood. */
  user_text: string;
}
/** A whole answer at once. Older dialect. */
export interface ResponseEvent {
  /** A WAV file, or null. */
  audio: Base64 | null;
  /** Format of `audio`. */
  audio_format: AudioFormat;
  /** The session. */
  client_id: string;
  /** The `request_id` of what this answers, if it had one. */
  request_id?: RequestId;
  /** The answer. */
  text: string;
  type: 'response';
  /** What was answered. */
  user_text: string;
}
/** Streaming voice has begun: binary frames are accepted from here on. */
export interface AudioReadyEvent {
  /** Rate of the binary frames down, in Hz. */
  play_rate_hz: 24000 | 48000;
  /** The `request_id` of what this answers, if it had one. */
  request_id?: RequestId;
  type: 'audio_ready';
}
/** Whether the microphone is heard back. */
export interface AudioLoopingEvent {
  /** It is. */
  on: boolean;
  /** The `request_id` of what this answers, if it had one. */
  request_id?: RequestId;
  type: 'audio_looping';
}
/** The client drops every sample from this one on and answers `playout`. Later frames may begin at the same sample again. */
export interface PlayoutFlushEvent {
  /** First sample to drop. */
  from_sample: number;
  /** The `request_id` of what this answers, if it had one. */
  request_id?: RequestId;
  type: 'playout_flush';
}
/** What Janet understands of the user's speech so far. */
export interface TranscriptEvent {
  /** Where it ended so far, in ms since `audio_start`. */
  end_ms: number;
  /** Whether they will not change any more. */
  final: boolean;
  /** The `request_id` of what this answers, if it had one. */
  request_id?: RequestId;
  /** Where the turn's speech began, in ms since `audio_start`. */
  start_ms: number;
  /** All words of the turn so far, gated. */
  text: string;
  type: 'transcript';
}
/** Her voice began, was held, went on or ended. */
export interface SpeakingEvent {
  /** Rate of her voice's samples, in Hz. */
  rate_hz: number;
  /** Which reply. */
  reply_id: string;
  /** The `request_id` of what this answers, if it had one. */
  request_id?: RequestId;
  /** What changed. */
  state: SpeakingState;
  type: 'speaking';
}
/** More of a reply's text was heard: captions keep step by it. Sent for streamed voice only, about as often as `playout` reports more. */
export interface SpeechHeardEvent {
  /** Characters (Unicode scalar values) of the reply's text, from its beginning to the end of the last word that was wholly heard. */
  chars: number;
  /** Which reply. */
  reply_id: string;
  /** The `request_id` of what this answers, if it had one. */
  request_id?: RequestId;
  type: 'speech_heard';
}
/** The answer to `settings_set`: what holds from now on. */
export interface SettingsEvent {
  /** With which language model she thinks: the id of one that `context` lists. */
  model: string;
  /** The `request_id` of what this answers, if it had one. */
  request_id?: RequestId;
  /** How readily sound counts as speech. */
  sensitivity: Sensitivity;
  type: 'settings';
  /** With which voice she speaks: the id of one that `context` lists. */
  voice: string;
  /** How fast she speaks; 1 is the voice's own pace. */
  voice_speed: number;
}
/** The answer to `ping`. */
export interface PongEvent {
  /** The `request_id` of what this answers, if it had one. */
  request_id?: RequestId;
  /** As the client sent it. */
  timestamp: Timestamp;
  type: 'pong';
}
/** The answer to `get_context`. */
export interface ContextEvent {
  /** The conversation so far, and who answers in it. */
  data: ContextData;
  /** The `request_id` of what this answers, if it had one. */
  request_id?: RequestId;
  type: 'context';
}
/** The answer to `get_context`. */
export interface ContextData {
  /** Whether a conversation that has not spoken yet would be refused now, as `overloaded`. */
  busy: boolean;
  /** The calls of this conversation that have ended, oldest first. */
  calls: PastCall[];
  /** The conversation itself. */
  conversation: ConversationInfo;
  /** The language models that `settings_set` can choose, the configured one first. */
  language_models: Choice[];
  /** While the models load: how far they are. */
  loading: Loading | null;
  /** The conversation so far, oldest first. */
  messages: PastMessage[];
  /** The models that answer, by role (`stt`, `llm`, `tts`, `vad`, `turn`; more may come). While they load, the ones that will. */
  models: {
    [k: string]: ModelInfo;
  };
  /** Where the client's head and hands are, as it told last in the session that is on. */
  pose: LastPose | null;
  /** Name of the profile that the settings started from. */
  profile: string;
  /** Whether requests are served yet. */
  status: Status;
  /** Servers that were asked for and are not used, with the reason; empty while all is well. */
  trouble: Trouble[];
  /** Version of the server. */
  version: string;
  /** The voices that `settings_set` can choose, the configured one first. */
  voices: Choice[];
}
/** A call that has ended. */
export interface PastCall {
  /** Who called whom. */
  direction: CallDirection;
  /** How long they talked, in ms; 0 if they never did. */
  duration_ms: number;
  /** Janet rang, and the client neither answered nor declined. */
  missed: boolean;
  /** Why it ended. */
  reason: EndReason;
  /** When it began, in ms since 1970. */
  started_ms: number;
  /** Why the client ended it, in its own words. */
  words?: string | null;
}
/** A conversation. */
export interface ConversationInfo {
  /** Seconds after its last client has left until it is gone for good. */
  expires_after_s: number;
  /** Its id: the `client_id` of this connection. */
  id: string;
  /** What messages about it call it: their `conversation_uuid`. */
  uuid: string;
}
/** One of a list that `settings_set` chooses from. */
export interface Choice {
  /** What `settings_set` calls it. */
  id: string;
  /** What people call it. */
  name: string;
}
/** How far the models are. */
export interface Loading {
  /** How much of all is done, 0 to 1. */
  done: number;
  /** What is being loaded, for people. */
  stage: string;
}
/** One message of the conversation so far. */
export interface PastMessage {
  /** Whether it is an answer that did not come to its end. */
  interrupted?: boolean;
  /** Who said it. */
  role: Speaker;
  /** What was said, as history keeps it. */
  text: string;
}
/** A model. */
export interface ModelInfo {
  /** Its name. */
  name: string;
  /** A remark for people, such as why it answers in place of another; may be empty. */
  note: string;
}
/** Where a client's head and hands were, as it told last. */
export interface LastPose {
  /** How long ago it told so. */
  age_ms: number;
  /** The hands, as far as they were seen. */
  hands: Hands;
  /** The head. */
  head: Pose;
  /** The session. */
  session_id: string;
}
/** A server that is not used. */
export interface Trouble {
  /** Whose work it was to do: `llm` or `tts`. */
  role: string;
  /** Why it is not used, for people. */
  why: string;
}
/** Voice in real time: the server's offer. The client answers by `vr_audio`. */
export interface VrOfferEvent {
  /** As in `connected`, with names and passwords that hold from now. */
  ice_servers?: IceServer[];
  /** The `request_id` of what this answers, if it had one. */
  request_id?: RequestId;
  /** The session description (RFC 8866); candidates that are known later come by `vr_ice`. */
  sdp: string;
  /** Always `offer`. */
  sdp_type: SdpType;
  /** What the session is called. */
  session_id: string;
  /** Its number on this server, for what has no room for a name. */
  session_no: number;
  type: 'vr_offer';
}
/** Voice in real time: the server's answer to the client's offer. */
export interface VrAnswerEvent {
  /** The `request_id` of what this answers, if it had one. */
  request_id?: RequestId;
  /** The session description (RFC 8866); candidates that are known later come by `vr_ice`. */
  sdp: string;
  /** Always `answer`. */
  sdp_type: SdpType;
  /** What the session is called. */
  session_id: string;
  /** Its number on this server, for what has no room for a name. */
  session_no: number;
  type: 'vr_answer';
}
/** Where the server may be reached, besides what its description says. */
export interface VrIceEvent {
  /** An ICE candidate (RFC 8839 §5.1). */
  candidate: string;
  /** The `request_id` of what this answers, if it had one. */
  request_id?: RequestId;
  /** The media section it belongs to. All share one transport. */
  sdp_mid: string;
  /** The same by number. */
  sdp_mline_index: number;
  /** The session. */
  session_id: string;
  type: 'vr_ice';
}
/** Voice in real time flows over QUIC from now on: datagrams of this session are taken, and sent. */
export interface VrOpenedEvent {
  /** The `request_id` of what this answers, if it had one. */
  request_id?: RequestId;
  /** What the session is called. */
  session_id: string;
  /** Its number on this server, which stands in its datagrams. */
  session_no: number;
  type: 'vr_opened';
}
/** How far a session is: the answer to `vr_audio`, and sent whenever that changes. */
export interface VrResponseEvent {
  /** The same as a WAV file, where no media is up. */
  audio?: Base64;
  /** The `request_id` of what this answers, if it had one. */
  request_id?: RequestId;
  /** The session. */
  session_id: string;
  /** How far it is. */
  status: VrStatus;
  /** What she said to a recording. */
  text?: string;
  type: 'vr_response';
}
/** Something about a session could not be understood or served. The connection stays open. */
export interface VrErrorEvent {
  /** The reason for programs. */
  code: ErrorCode;
  /** The offending field. */
  field?: string;
  /** The reason for people; never quotes a description or a candidate. */
  message: string;
  /** The `request_id` of what this answers, if it had one. */
  request_id?: RequestId;
  /** The session, if it is known which. */
  session_id?: string;
  type: 'vr_error';
}
/** Janet rings. Answered by `voip_call` with the direction `incoming`, or declined by `voip_end`; after a while she gives up by `voip_ended`. */
export interface VoipIncomingEvent {
  /** What the call is called. */
  call_id: string;
  /** Who calls, for people. */
  caller: string;
  /** The node that rings. */
  node_id: string;
  /** The `request_id` of what this answers, if it had one. */
  request_id?: RequestId;
  type: 'voip_incoming';
}
/** A call is set up: the server's offer. The client answers by `voip_answer`. */
export interface VoipOfferEvent {
  /** What the call is called. */
  call_id: string;
  /** As in `connected`, with names and passwords that hold from now. */
  ice_servers?: IceServer[];
  /** The node that talks. */
  node_id: string;
  /** The `request_id` of what this answers, if it had one. */
  request_id?: RequestId;
  /** The session description (RFC 8866); candidates that are known later come by `voip_ice`. */
  sdp: string;
  /** Always `offer`. */
  sdp_type: SdpType;
  type: 'voip_offer';
}
/** Where the server may be reached, besides what its description says. */
export interface VoipIceEvent {
  /** The call. */
  call_id: string;
  /** An ICE candidate (RFC 8839 §5.1). */
  candidate: string;
  /** The `request_id` of what this answers, if it had one. */
  request_id?: RequestId;
  /** The media section it belongs to. All share one transport. */
  sdp_mid: string;
  /** The same by number. */
  sdp_mline_index: number;
  type: 'voip_ice';
}
/** Voice flows; answers `voip_answer`. */
export interface VoipConnectedEvent {
  /** The call. */
  call_id: string;
  /** The `request_id` of what this answers, if it had one. */
  request_id?: RequestId;
  /** Always `connected`. */
  status: CallState;
  type: 'voip_connected';
}
/** What she said to a `voip_audio` of the client's; her voice follows as `voip_audio`. */
export interface VoipResponseEvent {
  /** The call. */
  call_id: string;
  /** The `request_id` of what this answers, if it had one. */
  request_id?: RequestId;
  /** How far the call is by then. */
  status: CallState;
  /** The words. */
  text: string;
  type: 'voip_response';
}
/** Her voice, where no other way for it is up. */
export interface VoipAudioEvent {
  /** A WAV file. */
  audio: Base64;
  /** The call. */
  call_id: string;
  /** The `request_id` of what this answers, if it had one. */
  request_id?: RequestId;
  type: 'voip_audio';
}
/** How far a call is: answers `voip_hold` and `voip_ring`. */
export interface VoipStateEvent {
  /** The call. */
  call_id: string;
  /** The `request_id` of what this answers, if it had one. */
  request_id?: RequestId;
  /** How far it is. */
  state: CallState;
  type: 'voip_state';
}
/** A call is over, from whichever side. Nothing more comes of it. */
export interface VoipEndedEvent {
  /** The call. */
  call_id: string;
  /** How long they talked, in ms; 0 if they never did. */
  duration_ms: number;
  /** Why. */
  reason: EndReason;
  /** The `request_id` of what this answers, if it had one. */
  request_id?: RequestId;
  type: 'voip_ended';
  /** What the client gave as the reason, where it ended the call and gave one. */
  words?: string;
}
/** Something about a call could not be understood or served. The connection stays open, and a call that there is goes on. */
export interface VoipErrorEvent {
  /** The call, if it is known which. */
  call_id?: string;
  /** The reason for programs. */
  code: ErrorCode;
  /** The offending field. */
  field?: string;
  /** The reason for people; never quotes a description or a candidate. */
  message: string;
  /** The `request_id` of what this answers, if it had one. */
  request_id?: RequestId;
  type: 'voip_error';
}
/** On the data channel `events` alone: which of her samples sounds when. The sample is played at this RTP timestamp, and so on from it, until the next `face_clock`. */
export interface FaceClockEvent {
  /** The `request_id` of what this answers, if it had one. */
  request_id?: RequestId;
  /** Of her voice's packets, in ticks of 48 kHz; wraps at 2³². */
  rtp_timestamp: number;
  /** Number of the sample at 48 kHz, as in `playout`; wraps at 2³². */
  sample: number;
  type: 'face_clock';
}
/** What her mouth does, where voice goes over the WebSocket: the frames of what was sent of her voice since the last ones, in their order. One for every 800 samples at 48 kHz while she sounds, and one in which the mouth is closed where she ends, is paused or flushed. */
export interface VisemeEvent {
  /** At least one. */
  frames: VisemeFrame[];
  /** The `request_id` of what this answers, if it had one. */
  request_id?: RequestId;
  type: 'viseme';
}
/** One frame as JSON. */
export interface VisemeFrame {
  /** Position in her voice at 48 kHz, modulo 2³²: the number of a sample times 48,000 through the play rate. */
  at_sample: number;
  /** Shapes by number (`sil A E I O U M F Th P`, from 0) with their weights, 255 is all; one that does not stand here is not there. */
  weights: [number, number][];
}
/** How she means what she says from this sample on. */
export interface ToneEvent {
  /** Position in her voice at 48 kHz, as in `viseme`; wraps at 2³². */
  at_sample: number;
  /** How strongly, 0 to 1. */
  intensity: number;
  /** The tone. */
  name: Tone;
  /** The `request_id` of what this answers, if it had one. */
  request_id?: RequestId;
  type: 'tone';
}
/** She moves her head, or all of her, at this sample. */
export interface GestureEvent {
  /** Position in her voice at 48 kHz, as in `viseme`; wraps at 2³². */
  at_sample: number;
  /** Which movement; a client passes over those that it does not know. */
  name: string;
  /** The `request_id` of what this answers, if it had one. */
  request_id?: RequestId;
  type: 'gesture';
}
/** The first frame of a connection from another machine that showed no device key: it may pair, and nothing else. */
export interface PairWantedEvent {
  /** SHA-256 of the server's certificate. A client that can see the certificate itself takes that one: whoever stands in between says here what they like. */
  fingerprint: string;
  /** Version of the protocol. */
  protocol: number;
  /** The `request_id` of what this answers, if it had one. */
  request_id?: RequestId;
  type: 'pair_wanted';
}
/** The answer to `pair_open`. */
export interface PairOpenedEvent {
  /** Where other machines reach the server, the likeliest first. */
  addresses: string[];
  /** Eight digits, to be typed on the device. */
  code: string;
  /** How long the code is good for, in milliseconds. */
  expires_ms: number;
  /** SHA-256 of the server's certificate. */
  fingerprint: string;
  /** The UDP port of its QUIC, where it has one. */
  quic_port?: number;
  /** The `request_id` of what this answers, if it had one. */
  request_id?: RequestId;
  /** What the device may do. */
  role: Role;
  type: 'pair_opened';
}
/** A pairing is over, and no device was paired. Sent to whoever opened it. */
export interface PairClosedEvent {
  /** Why. */
  reason: PairEnd;
  /** The `request_id` of what this answers, if it had one. */
  request_id?: RequestId;
  type: 'pair_closed';
}
/** A device was paired. Sent to whoever opened the pairing. */
export interface DevicePairedEvent {
  /** The device. */
  device: PairedDevice;
  /** The `request_id` of what this answers, if it had one. */
  request_id?: RequestId;
  type: 'device_paired';
}
/** A paired device. */
export interface PairedDevice {
  /** When it was paired, in milliseconds since 1970. */
  created_ms: number;
  /** What `device_revoke` calls it. */
  device_id: string;
  /** What it called itself. */
  name: string;
  /** What it may do. */
  role: Role;
  /** When it was last here, in milliseconds since 1970; at most a minute behind. */
  seen_ms: number;
}
/** The answer to `pair_start`. */
export interface PairChallengeEvent {
  /** Side B's message of SPAKE2. */
  message: string;
  /** The `request_id` of what this answers, if it had one. */
  request_id?: RequestId;
  type: 'pair_challenge';
}
/** The answer to `pair_finish`. The connection ends behind it: the next one shows the key. */
export interface PairedEvent {
  /** What this device is called from now on. */
  device_id: string;
  /** The device's key. Nobody can tell it a second time. */
  key: string;
  /** HMAC of the exchange's key: shows that the server knew the code. */
  proof: string;
  /** The `request_id` of what this answers, if it had one. */
  request_id?: RequestId;
  /** What it may do. */
  role: Role;
  type: 'paired';
}
/** The answer to `device_list`. */
export interface DevicesListedEvent {
  /** All that are paired, the oldest first. */
  devices: PairedDevice[];
  /** The `request_id` of what this answers, if it had one. */
  request_id?: RequestId;
  type: 'devices_listed';
}
/** The answer to `device_revoke`: its connections are closed, and its key is worth nothing. */
export interface DeviceRevokedEvent {
  /** Which. */
  device_id: string;
  /** The `request_id` of what this answers, if it had one. */
  request_id?: RequestId;
  type: 'device_revoked';
}
/** Something could not be understood or served. The connection stays open. */
export interface ErrorEvent {
  /** The reason for programs. */
  code: ErrorCode;
  /** The offending field. */
  field?: string;
  /** The reason for people; never quotes a user's text. */
  message: string;
  /** The `request_id` of what this answers, if it had one. */
  request_id?: RequestId;
  type: 'error';
}
/** May she? Answered by `consent_response`, or by a spoken word once the prompt was heard. Silence until `expires_at` is a no. */
export interface ConsentRequestEvent {
  /** What for: `remember`, `transfer`, … */
  action: string;
  /** Which question. */
  consent_id: string;
  /** In which conversation. */
  conversation_uuid: string;
  /** In ms since 1970. */
  expires_at: number;
  /** What it would do, for people. */
  impact: string;
  /** The question, as it is spoken. */
  prompt: string;
  /** The `request_id` of what this answers, if it had one. */
  request_id?: RequestId;
  /** Always true: nothing grants by itself. */
  requires_response: boolean;
  type: 'consent_request';
}
/** The same for a major operation. What has to be clicked cannot be answered by voice; it says so. */
export interface SoulCheckEvent {
  /** What for: `export`, `forget_all`, … */
  action: string;
  /** Which question. */
  consent_id: string;
  /** In which conversation. */
  conversation_uuid: string;
  /** In ms since 1970. */
  expires_at: number;
  /** What it would do, for people. */
  impact: string;
  /** Whether a spoken yes is not enough. */
  needs_click: boolean;
  /** The question. */
  prompt: string;
  /** The `request_id` of what this answers, if it had one. */
  request_id?: RequestId;
  /** Always true: nothing grants by itself. */
  requires_response: boolean;
  type: 'soul_check';
}
/** The question's sound, where no stream carries her voice. */
export interface ConsentRequestAudioEvent {
  /** A whole file. */
  audio: Base64;
  /** Its format. */
  audio_format: AudioFormat;
  /** Which question. */
  consent_id: string;
  /** In which conversation. */
  conversation_uuid: string;
  /** The `request_id` of what this answers, if it had one. */
  request_id?: RequestId;
  type: 'consent_request_audio';
}
/** A question is over: every client that shows it takes it away. */
export interface ConsentClosedEvent {
  /** Which question. */
  consent_id: string;
  /** In which conversation. */
  conversation_uuid: string;
  /** How it ended. */
  outcome: ConsentOutcome;
  /** The `request_id` of what this answers, if it had one. */
  request_id?: RequestId;
  type: 'consent_closed';
}
/** How far a transfer is. */
export interface TransferProgressEvent {
  /** Which conversation. */
  conversation_uuid: string;
  /** How much of that is done, 0 to 1. */
  fraction: number;
  /** The `request_id` of what this answers, if it had one. */
  request_id?: RequestId;
  /** What is being done. */
  stage: TransferStage;
  type: 'transfer_progress';
}
/** A transfer is over. */
export interface TransferResultEvent {
  /** Which conversation. */
  conversation_uuid: string;
  /** Why it did not come about, or null. */
  error: string | null;
  /** Messages that the target did not have before. */
  messages_transferred: number;
  /** What else there is to say of it. */
  metadata: TransferMetadata;
  /** The `request_id` of what this answers, if it had one. */
  request_id?: RequestId;
  /** Whether it came about. */
  success: boolean;
  /** Summaries that it did not have before. */
  summaries_transferred: number;
  type: 'transfer_result';
  /** What went along. */
  vaults_transferred: VaultName[];
}
/** What a transfer did besides. */
export interface TransferMetadata {
  /** Messages of which both sides are kept. */
  conflicts: number;
  /** Messages that were there already. */
  duplicates: number;
  /** How long it took, consent not counted. */
  duration_ms: number;
  /** The package, as the audit log calls it. */
  package_id: string;
  /** Names of secrets that were taken along. */
  red_stubs: number;
  /** Entries that the gate did not let in. */
  refused: number;
}
/** The operator did not consent; nothing was changed. */
export interface TransferDeniedEvent {
  /** Which conversation. */
  conversation_uuid: string;
  /** Why, for people. */
  reason: string;
  /** The `request_id` of what this answers, if it had one. */
  request_id?: RequestId;
  type: 'transfer_denied';
}
/** A transfer could not be understood or begun; nothing was changed. */
export interface TransferErrorEvent {
  /** The reason for programs. */
  code: ErrorCode;
  /** Which conversation, if it is known which. */
  conversation_uuid?: string;
  /** The offending field. */
  field?: string;
  /** The reason for people. */
  message: string;
  /** The `request_id` of what this answers, if it had one. */
  request_id?: RequestId;
  type: 'transfer_error';
}
/** The answer to `memory_search` and `memory_list`. */
export interface MemoryResultsEvent {
  /** The `request_id` of what this answers, if it had one. */
  request_id?: RequestId;
  /** What was found. */
  results: MemoryEntry[];
  /** How much there is in all. */
  total: number;
  type: 'memory_results';
}
/** Something that Janet remembers. */
export interface MemoryEntry {
  /** Since when it is remembered, in ms since 1970. */
  created_ms: number;
  /** When it was changed last, in ms since 1970; absent: never. */
  edited_ms?: number | null;
  /** Its name. */
  id: string;
  /** What it is: `fact`, `note` or `summary`. */
  kind: string;
  /** Who allowed it. */
  receipt: Receipt;
  /** How well it fits what was searched for, 0 to 1; absent in a list. */
  score?: number | null;
  /** The souls of this process that remember it. */
  souls: SoulName[];
  /** Where it is from, for people. */
  source: string;
  /** What it says. */
  text: string;
}
/** Who allowed something, when and how; signed. */
export interface Receipt {
  /** What was allowed. */
  action: string;
  /** When, in ms since 1970. */
  at_ms: number;
  /** By a click, spoken words, a message, the safe word or a standing grant. */
  how: string;
  /** The operator's device, `here` on Janet's own machine. */
  operator: string;
  /** Its name, as the audit log has it. */
  receipt_id: string;
}
/** Something about a memory was done, or not; also told when it was asked for by voice. */
export interface MemoryResultEvent {
  /** What. */
  action: MemoryVerb;
  /** Which memory. */
  id?: string;
  /** For people. */
  message: string;
  /** That it is gone. */
  proof?: Proof;
  /** Who allowed it, as the audit log calls that. */
  receipt_id?: string;
  /** The `request_id` of what this answers, if it had one. */
  request_id?: RequestId;
  /** Whether it was done. */
  success: boolean;
  type: 'memory_result';
}
/** That something is gone: what files hold of it was counted afterwards. */
export interface Proof {
  /** The entry of the audit log that says so. */
  audit_number: number;
  /** Bytes of the files that were searched for them afterwards. */
  bytes_searched: number;
  /** Conversations that went with their keys; absent where none were to go. */
  conversations?: number | null;
  /** Entries that were removed. */
  entries: number;
  /** Messages in them; absent where none were to go. */
  messages?: number | null;
  /** Traces that this found. */
  traces: number;
  /** Vectors that were removed with them. */
  vectors: number;
}
/** This conversation is gone, with its key. Whoever comes back with its `client_id` begins another one. */
export interface ConversationForgottenEvent {
  /** What it was called. */
  conversation_uuid: string;
  /** For people. */
  message: string;
  /** That it is gone. Absent for a guest: what files hold and what the log says is the operator's. */
  proof?: Proof;
  /** The `request_id` of what this answers, if it had one. */
  request_id?: RequestId;
  type: 'conversation_forgotten';
}
/** How far something about the vault of secrets is: `checking` at once, then how it ended. */
export interface VaultResultEvent {
  /** What was asked. */
  action: VaultVerb;
  /** Whether there is a vault. */
  exists: boolean;
  /** What is in it, once it is unlocked. */
  items?: VaultItem[];
  /** Whether it is locked. */
  locked: boolean;
  /** For people; never a secret or its name. */
  message: string;
  /** The `request_id` of what this answers, if it had one. */
  request_id?: RequestId;
  /** How long no further safe word is looked at, in ms. */
  retry_after_ms?: number;
  /** Whose vault it is. */
  soul: SoulName;
  /** How far it is. */
  status: VaultStatus;
  type: 'vault_result';
  /** The secret, to `vault_get` alone. */
  value?: string;
}
/** A secret's name, without the secret. */
export interface VaultItem {
  /** Since when it is there, in ms since 1970. */
  created_ms: number;
  /** Whether it lies in memory, unlocked. */
  is_open: boolean;
  /** Whether the secret itself is in another soul's vault, and only its name is here. */
  is_stub: boolean;
  /** Its name. */
  name: string;
  /**
   * Words to find it by.
   *
   * Items: Hides its value from `Debug` and `Display`.
   */
  tags: string[];
}
/** The answer to `vault_export`, once it was consented to. */
export interface VaultExportedEvent {
  /** The file. */
  file: Base64;
  /** The `request_id` of what this answers, if it had one. */
  request_id?: RequestId;
  type: 'vault_exported';
}
/** Whether everything is stopped. Sent to all, and at the beginning of a connection while it is. */
export interface RedThreadStateEvent {
  /** Whether. */
  active: boolean;
  /** The node where that was done. */
  node: string;
  /** The `request_id` of what this answers, if it had one. */
  request_id?: RequestId;
  /** Since when, in ms since 1970; 0: it never was. */
  since: number;
  type: 'red_thread_state';
}
/** The answer to the first of two clicks. */
export interface RedThreadTokenEvent {
  /** In ms since 1970. */
  expires_at: number;
  /** The `request_id` of what this answers, if it had one. */
  request_id?: RequestId;
  /** What the second click says; good once, after a second and before `expires_at`. */
  token: string;
  type: 'red_thread_token';
}
/** The answer to `grant_list`. */
export interface GrantsListedEvent {
  /** All that hold. */
  grants: Grant[];
  /** The `request_id` of what this answers, if it had one. */
  request_id?: RequestId;
  type: 'grants_listed';
}
/** A consent that holds until it is revoked. */
export interface Grant {
  /** What is allowed without being asked. */
  action: string;
  /** Its name. */
  grant_id: string;
  /** Since when, in ms since 1970. */
  since_ms: number;
}
/** The answer to `grant_add`, once it was consented to. */
export interface GrantAddedEvent {
  /** The grant. */
  grant: Grant;
  /** The `request_id` of what this answers, if it had one. */
  request_id?: RequestId;
  type: 'grant_added';
}
/** The answer to `grant_revoke`. */
export interface GrantRevokedEvent {
  /** Which. */
  grant_id: string;
  /** The `request_id` of what this answers, if it had one. */
  request_id?: RequestId;
  type: 'grant_revoked';
}
/** The answer to `audit_read`. */
export interface AuditEntriesEvent {
  /** How many there are in all. */
  count: number;
  /** The newest first. */
  entries: AuditEntry[];
  /** The newest entry's hash, in hexadecimal digits. */
  head: string;
  /** The `request_id` of what this answers, if it had one. */
  request_id?: RequestId;
  type: 'audit_entries';
  /** Whether nothing is changed, missing or cut: the whole log is checked when she starts and once a day, what came since just now. */
  verified: boolean;
}
/** A decision, as the audit log has it. Never content. */
export interface AuditEntry {
  /** When, in ms since 1970. */
  at_ms: number;
  /** What happened, as a lower-case noun and verb. */
  event: string;
  /** Its number, from 1 without gaps. */
  number: number;
  /** The same in words, for people. */
  words: string;
}
/** The answer to `persona_list`. */
export interface PersonasListedEvent {
  /** Who she is. */
  active: string;
  /** All that there are. */
  personas: Persona[];
  /** The `request_id` of what this answers, if it had one. */
  request_id?: RequestId;
  type: 'personas_listed';
}
/** Who she can be. */
export interface Persona {
  /** What she is like, in a sentence. */
  description: string;
  /** What she is called. */
  name: string;
  /** What `persona_set` calls it. */
  persona_id: string;
}
/** The answer to `persona_set`, once it was consented to. */
export interface PersonaChangedEvent {
  /** Who she is from now on. */
  persona_id: string;
  /** The `request_id` of what this answers, if it had one. */
  request_id?: RequestId;
  type: 'persona_changed';
}
/** The answer to `privacy_read`. */
export interface PrivacyEvent {
  /** Entries of the audit log. */
  audit_entries: number;
  /** Conversations that are kept for now, in all souls of this process; one that has moved is kept in both. */
  conversations: number;
  /** For how long a conversation is kept after its last client left, in ms. */
  keep_ms: number;
  /** What leaves, or has left since she was started. */
  left_machine: LeftMachine[];
  /** Things that she remembers; what both souls remember is counted once. Absent where that cannot be read, as while the red thread is pulled. */
  memories?: number;
  /** Messages in them. */
  messages: number;
  /** Who listens. */
  microphones: OpenMicrophone[];
  /** The `request_id` of what this answers, if it had one. */
  request_id?: RequestId;
  /** The same by soul. */
  souls: SoulKept[];
  type: 'privacy';
  /** Whether there is a vault of secrets. */
  vault_exists: boolean;
  /** Whether it is locked. */
  vault_locked: boolean;
}
/** Something that leaves this machine, or has left it since Janet was started. */
export interface LeftMachine {
  /** When last, in ms since 1970; 0: not yet. */
  last_ms: number;
  /** How often. */
  times: number;
  /** What: `language_model`, `voice`, `push` or `soul`. */
  what: string;
  /** Whereto: a host, without a path. */
  whereto: string;
}
/** An open microphone. */
export interface OpenMicrophone {
  /** Whose: a device's name, or `here`. */
  device: string;
  /** Whether it is this connection's. */
  is_yours: boolean;
  /** Since when, in ms since 1970. */
  since_ms: number;
}
/** What one of the souls of this process keeps. */
export interface SoulKept {
  /** Conversations that can be read in it. */
  conversations: number;
  /** Things that it remembers; absent where that cannot be read. */
  memories?: number | null;
  /** Messages in them. */
  messages: number;
  /** Which. */
  soul: SoulName;
  /** Whether it has a vault of secrets. */
  vault_exists: boolean;
  /** Whether that is locked. */
  vault_locked: boolean;
}
/** The answer to `soul_list`. */
export interface SoulsListedEvent {
  /** The `request_id` of what this answers, if it had one. */
  request_id?: RequestId;
  /** Both, as far as they are known. */
  souls: SoulInfo[];
  type: 'souls_listed';
}
/** A soul that can be reached. */
export interface SoulInfo {
  /** Conversations that can be read; absent where it is elsewhere. */
  conversations?: number | null;
  /** Whether it lives in this process. */
  is_here: boolean;
  /** Whether a transfer can go to it now. */
  is_reachable: boolean;
  /** Its identity key's beginning, in hexadecimal digits. */
  key: string;
  /** Memories; absent where it is elsewhere. */
  memories?: number | null;
  /** Which. */
  soul: SoulName;
}
