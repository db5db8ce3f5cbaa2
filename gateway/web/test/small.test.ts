import { describe, expect, it } from 'vitest';
import { Levels, levelHeight } from '../src/audio/levels.js';
import { micTrouble } from '../src/audio/microphone.js';
import { backoffMs } from '../src/net/backoff.js';
import { lossOf } from '../src/net/connection.js';
import { socketUrl } from '../src/net/session-id.js';
import { explain, explainMic } from '../src/state/explain.js';
import { DEFAULTS, parseSettings, storedForm, type Settings } from '../src/state/settings.js';

describe('the wait before a reconnect', () => {
  it('doubles up to fifteen seconds', () => {
    expect([0, 1, 2, 3, 4, 5, 6, 100].map((n) => backoffMs(n, 1))).toEqual([500, 1000, 2000, 4000, 8000, 15000, 15000, 15000]);
  });

  it('is drawn from the upper half of its range', () => {
    expect(backoffMs(3, 0)).toBe(2000);
    expect(backoffMs(3, 0.5)).toBe(3000);
  });
});

describe('why the connection ended', () => {
  it.each([
    [1006, '', 'cut'],
    [1001, 'the server is going down', 'cut'],
    [1008, 'too many messages', 'cut'],
    [1008, 'superseded: this client_id connected elsewhere', 'elsewhere'],
    [1013, 'no place is free; try again later', 'full'],
  ])('%i %s', (code, reason, loss) => {
    expect(lossOf(code, reason)).toBe(loss);
  });
});

describe('where the server is', () => {
  it.each([
    ['http://localhost:8765/', null, 'ws://localhost:8765/ws'],
    ['http://localhost:8765/?x=1#y', 'a b', 'ws://localhost:8765/ws?client_id=a%20b'],
    ['https://home.example/janet/', null, 'wss://home.example/janet/ws'],
  ])('%s', (page, id, url) => {
    expect(socketUrl(page, id)).toBe(url);
  });
});

describe('settings', () => {
  it.each([null, '', '{', 'null', '5', '{"mode":7,"speak":"yes","theme":"pink"}'])('%s gives the defaults', (json) => {
    expect(parseSettings(json)).toEqual(DEFAULTS);
  });

  it('come back as they were saved', () => {
    const settings: Settings = {
      mode: 'push_to_talk',
      speak: true,
      theme: 'dark',
      textSize: 'largest',
      captions: false,
      readSpoken: true,
      voiceSpeed: 1.4,
      sensitivity: 'low',
      voice: 'server:af_heart',
      model: 'own',
      face: false,
      calls: false,
      echo: false,
      microphone: 'a1b2',
      speaker: 'c3d4',
      welcomed: true,
    };
    expect(parseSettings(storedForm(settings))).toEqual(settings);
  });

  it('of the first version are taken over', () => {
    expect(parseSettings('{"mode":"push_to_talk","speak":true,"theme":"dark","welcomed":true}')).toEqual({
      ...DEFAULTS,
      mode: 'push_to_talk',
      speak: true,
      theme: 'dark',
      welcomed: true,
    });
  });

  it('of a version to come are not guessed at', () => {
    expect(parseSettings('{"version":3,"theme":"dark"}')).toEqual(DEFAULTS);
  });

  it.each([7, '', '  ', ['own'], null])('a voice and a model of %j are none', (id) => {
    expect(parseSettings(JSON.stringify({ version: 2, voice: id, model: id }))).toMatchObject({ voice: null, model: null });
  });

  it.each([0.4, 2.1, Number.NaN, '1', null])('a speed of %s is none', (voiceSpeed) => {
    expect(parseSettings(JSON.stringify({ version: 2, voiceSpeed })).voiceSpeed).toBeNull();
  });
});

describe('trouble with the microphone', () => {
  it.each([
    ['NotAllowedError', 'denied'],
    ['NotFoundError', 'missing'],
    ['NotReadableError', 'in_use'],
    ['SomethingNew', 'failed'],
  ])('%s', (name, trouble) => {
    expect(micTrouble(name)).toBe(trouble);
  });

  it('always comes with what to do', () => {
    for (const trouble of ['denied', 'missing', 'insecure', 'in_use', 'failed'] as const) {
      expect(explainMic(trouble).todo.length).toBeGreaterThan(20);
    }
  });

  it('and so does every error, in a whole sentence', () => {
    expect(explain('odd', 'frame is over the limit', 'audio')).toEqual({
      title: 'Frame is over the limit.',
      todo: 'The server did not accept “audio”. Try again; if it stays, reload the page.',
    });
  });
});

describe('levels', () => {
  it('remember the newest first and know when it is quiet', () => {
    const levels = new Levels();
    expect(levels.quiet).toBe(true);
    levels.push(0.1);
    levels.push(0.4);
    expect(levels.at(0)).toBeCloseTo(0.4);
    expect(levels.at(1)).toBeCloseTo(0.1);
    expect(levels.quiet).toBe(false);
    expect(levels.loudest).toBe(0.4);
  });

  it('are shown higher than they are, and never over the top', () => {
    expect(levelHeight(0)).toBe(0);
    expect(levelHeight(1.2)).toBe(1);
    expect(levelHeight(0.1)).toBeGreaterThan(0.2);
  });
});
