/** One connection of the mock: a loudness endpointer, a scripted answer, a paced voice. */
import { CAPABILITIES, MockTrust } from './mock-trust.mjs';
import { RATE } from './mock-voice.mjs';

const LOUD = 0.02;
const END_OF_TURN_MS = 500;
const JUDGE_MS = 700;
const AHEAD_SAMPLES = RATE / 5;
const CHUNK = RATE / 50;
const POSITION_HZ = 48_000;
const WORDS = 'Paris is the capital of France. It lies on the river Seine, and it has been the centre of the country for more than a thousand years.';

export class MockSession {
  constructor(socket, id, history, options) {
    Object.assign(this, { socket, id, history, options });
    this.stream = null;
    this.sent = 0; // samples of the connection
    this.heard = 0;
    this.replies = 0;
    this.reply = null;
    this.settings = { voice_speed: 1, sensitivity: 'normal', voice: 'auto', model: 'auto' };
    this.loudMs = 0;
    this.quietMs = 0;
    this.turnMs = 0;
    this.tell({ type: 'connected', client_id: id, status: this.status(), role: options.guest ? 'guest' : 'operator', protocol: '1', capabilities: CAPABILITIES, nodes: [] });
    this.trust = new MockTrust((message) => this.tell(message), options.world);
    this.trust.hello();
    socket.on('message', (data, binary) => (binary ? this.onAudio(data) : this.onText(data.toString())));
    const pace = setInterval(() => this.pace(), 20);
    socket.on('close', () => {
      clearInterval(pace);
      this.trust.end();
    });
  }

  status() {
    return Date.now() < this.options.readyAt ? 'models_loading' : 'ready';
  }

  tell(message) {
    if (this.socket.readyState === 1) this.socket.send(JSON.stringify(message));
  }

  onText(text) {
    let m;
    try {
      m = JSON.parse(text);
    } catch {
      this.tell({ type: 'error', code: 'bad_json', message: 'the frame is not JSON' });
      return;
    }
    if (this.trust.takes(m)) return;
    switch (m.type) {
      case 'message':
        this.onMessage(m);
        break;
      case 'get_context':
        this.tell({ type: 'context', data: this.context() });
        break;
      case 'audio_start':
        this.stream = { mode: m.mode };
        this.sent = this.heard = 0;
        this.tell({ type: 'audio_ready', play_rate_hz: m.play_rate_hz });
        break;
      case 'audio_end':
        if (this.turnMs > 0) this.endTurn();
        break;
      case 'audio_stop':
        this.stop();
        this.stream = null;
        break;
      case 'playout':
        this.heard = m.played_sample;
        if (this.reply !== null) this.tell({ type: 'speech_heard', reply_id: this.reply.id, chars: Math.min(WORDS.length, Math.floor(this.heard / (RATE / 15))) });
        break;
      case 'settings_set':
        for (const name of ['voice_speed', 'sensitivity', 'voice', 'model']) if (m[name] != null) this.settings[name] = m[name];
        this.tell({ type: 'settings', ...this.settings });
        break;
      case 'interrupt':
        this.stop();
        break;
      case 'ping':
        this.tell({ type: 'pong', timestamp: m.timestamp });
        break;
      default:
        this.tell({ type: 'error', code: 'unknown_type', message: `unknown type "${m.type}"`, field: 'type' });
    }
  }

  context() {
    return {
      messages: this.history,
      models: {
        stt: { name: 'whisper-tiny.en', note: 'English, on the processor' },
        llm: { name: 'SmolLM2-135M-Instruct Q4_1', note: 'small: proves the path, knows little' },
        tts: { name: 'piper en_US-joe-medium', note: '22.05 kHz' },
        vad: { name: 'silero-vad 6.2', note: '' },
        turn: { name: 'smart-turn 3.2', note: '' },
      },
      voices: [
        { id: 'auto', name: 'af_heart' },
        { id: 'own', name: 'piper en_US-joe-medium' },
        { id: 'server:am_adam', name: 'am_adam' },
      ],
      language_models: [
        { id: 'auto', name: 'qwen3:4b' },
        { id: 'own', name: 'SmolLM2-135M-Instruct Q4_1' },
        { id: 'server:qwen3:4b', name: 'qwen3:4b' },
        { id: 'server:gemma3:1b', name: 'gemma3:1b' },
      ],
      profile: 'cpu',
      version: '0.1.0-mock',
      conversation: { id: this.id, uuid: 'u', expires_after_s: 1800 },
      status: this.status(),
      loading: null,
      trouble: [],
      busy: this.options.busy,
    };
  }

  onMessage(m) {
    if (this.options.busy) {
      this.tell({ type: 'error', code: 'overloaded', message: 'too much at once', request_id: m.request_id });
      return;
    }
    if (m.text.startsWith('/error')) {
      this.tell({ type: 'error', code: 'bad_field', message: 'text must not begin with a slash', field: 'text', request_id: m.request_id });
      return;
    }
    this.answer(m.text, m.speak === true && this.stream !== null, m.request_id);
  }

  onAudio(data) {
    if (this.stream === null) {
      this.tell({ type: 'error', code: 'audio_not_started', message: 'binary frame before audio_start' });
      return;
    }
    let peak = 0;
    for (let i = 0; i + 1 < data.length; i += 2) peak = Math.max(peak, Math.abs(data.readInt16LE(i)) / 32768);
    const ms = data.length / 32;
    if (peak > LOUD) {
      this.loudMs += ms;
      this.quietMs = 0;
    } else this.quietMs += ms;
    if (this.quietMs > 300) this.loudMs = 0;

    const voice = this.reply?.voice;
    if (voice === 'playing' && this.loudMs >= 100) {
      this.pause();
      return;
    }
    if (voice === 'held') {
      this.heldMs += ms;
      if (this.heldMs > JUDGE_MS) {
        if (this.loudMs > 0 || this.quietMs < 250) {
          this.turnMs = this.heldMs;
          this.stop();
        } else this.resume();
      }
      return;
    }
    if (this.reply?.voice === 'playing' || this.reply?.voice === 'waiting') return;
    if (this.loudMs > 60 || this.turnMs > 0) this.turnMs += ms;
    if (this.turnMs > 0) this.partial();
    if (this.turnMs > 0 && this.quietMs >= END_OF_TURN_MS && this.stream.mode === 'hands_free') this.endTurn();
  }

  said(words) {
    return ['What', 'is', 'the', 'capital', 'of', 'France?'].slice(0, words).join(' ');
  }

  partial() {
    const words = Math.min(6, Math.floor(this.turnMs / 350));
    if (words > 0 && words !== this.shown) this.tell({ type: 'transcript', text: this.said(words), final: false, start_ms: 0, end_ms: this.turnMs });
    this.shown = words;
  }

  endTurn() {
    this.turnMs = this.loudMs = this.shown = 0;
    const text = this.said(6);
    this.tell({ type: 'transcript', text, final: true, start_ms: 0, end_ms: 2000 });
    this.answer(text, true, undefined);
  }

  answer(userText, speak, requestId) {
    this.stop();
    this.replies += 1;
    const reply = { id: `reply-${this.replies}`, voice: speak ? 'waiting' : 'none', at: 0, words: WORDS.split(/(?<= )/), shown: '', userText, requestId };
    this.reply = reply;
    this.history.push({ role: 'user', text: userText });
    setTimeout(() => this.write(reply), 250);
  }

  write(reply) {
    if (this.reply !== reply || reply.ended) return;
    if (reply.voice === 'waiting' && reply.shown !== '') {
      reply.voice = 'playing';
      this.tell({ type: 'speaking', reply_id: reply.id, state: 'started', rate_hz: RATE });
    }
    const word = reply.words.shift();
    if (word === undefined) {
      if (reply.voice === 'none') this.finish(reply);
      return;
    }
    reply.shown += word;
    this.tell({ type: 'assistant_delta', reply_id: reply.id, text: word });
    setTimeout(() => this.write(reply), 40);
  }

  pace() {
    const reply = this.reply;
    if (reply?.voice !== 'playing') return;
    while (reply.at < this.options.voice.length && this.sent - this.heard < AHEAD_SAMPLES) this.chunk(reply);
    if (reply.at >= this.options.voice.length && this.heard >= this.sent) {
      reply.voice = 'done';
      this.tell({ type: 'speaking', reply_id: reply.id, state: 'finished', rate_hz: RATE });
      this.finish(reply);
    }
  }

  chunk(reply) {
    const part = this.options.voice.subarray(reply.at, reply.at + CHUNK);
    const frame = Buffer.alloc(4 + part.length * 2);
    frame.writeUInt32LE(this.sent, 0);
    part.forEach((x, i) => frame.writeInt16LE(x, 4 + i * 2));
    this.socket.send(frame);
    this.face(reply, part.length);
    reply.at += part.length;
    this.sent += part.length;
  }

  /** The face frames of the samples that go out now; positions are counted at 48 kHz. */
  face(reply, count) {
    const [from, to] = [reply.at, reply.at + count].map((at) => (at * POSITION_HZ) / RATE);
    const moved = ((this.sent - reply.at) * POSITION_HZ) / RATE;
    const frames = this.options.frames.filter(({ at_sample }) => at_sample >= from && at_sample < to);
    if (frames.length > 0) this.tell({ type: 'viseme', frames: frames.map((f) => ({ ...f, at_sample: f.at_sample + moved })) });
  }

  pause() {
    const reply = this.reply;
    reply.voice = 'held';
    this.heldMs = 0;
    const unheard = this.sent - this.heard;
    reply.at -= unheard;
    this.sent = this.heard;
    this.tell({ type: 'playout_flush', from_sample: this.sent });
    this.tell({ type: 'speaking', reply_id: reply.id, state: 'paused', rate_hz: RATE });
    this.tell({ type: 'transcript', text: 'Mm-hm', final: false, start_ms: 0, end_ms: 200 });
  }

  resume() {
    this.reply.voice = 'playing';
    this.loudMs = 0;
    // The page has played a fade beyond the flush: go on from where it truly is.
    this.reply.at += Math.max(0, this.heard - this.sent);
    this.sent = Math.max(this.sent, this.heard);
    this.tell({ type: 'speaking', reply_id: this.reply.id, state: 'resumed', rate_hz: RATE });
  }

  stop() {
    const reply = this.reply;
    if (reply === null || reply.ended) return;
    if (reply.voice === 'playing') this.tell({ type: 'playout_flush', from_sample: this.heard });
    if (reply.voice === 'playing' || reply.voice === 'held') {
      this.sent = this.heard;
      this.tell({ type: 'speaking', reply_id: reply.id, state: 'stopped', rate_hz: RATE });
    }
    reply.voice = 'done';
    if (reply.shown !== '') this.finish(reply);
    reply.ended = true;
  }

  finish(reply) {
    reply.ended = true;
    this.history.push({ role: 'assistant', text: reply.shown });
    this.tell({
      type: 'assistant_message',
      reply_id: reply.id,
      text: reply.shown,
      user_text: reply.userText,
      client_id: this.id,
      tone: 'neutral',
      images: [],
      actions: [],
      request_id: reply.requestId,
      latency:
        reply.requestId === undefined
          ? { turn_score: -40, transcript: 182, decision: 204, llm_first: 331, llm_last: 1460, tts_first: 548, first_audio: 561, first_heard: 604 }
          : { llm_first: 148, llm_last: 1230 },
    });
  }
}
