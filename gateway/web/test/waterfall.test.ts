import { describe, expect, it } from 'vitest';
import { formatMs, layoutWaterfall, tickStep } from '../src/ui/waterfall-layout.js';

const TURN = { decision: 204, turn_score: -40, transcript: 182, llm_first: 331, llm_last: 1460, tts_first: 548, first_audio: 561, first_heard: 604 };

describe('the waterfall', () => {
  it('lays the stages in the order in which they happen', () => {
    expect(layoutWaterfall(TURN).lanes.map((lane) => lane.mark)).toEqual([
      'turn_score',
      'transcript',
      'decision',
      'llm_first',
      'tts_first',
      'first_audio',
      'first_heard',
    ]);
  });

  it('a stage begins where the one before it ended', () => {
    const lanes = new Map(layoutWaterfall(TURN).lanes.map((lane) => [lane.mark, lane]));
    expect(lanes.get('transcript')).toMatchObject({ from: 0, to: 182 });
    expect(lanes.get('llm_first')).toMatchObject({ from: 182, to: 331, tail: 1460 });
    expect(lanes.get('tts_first')).toMatchObject({ from: 331, to: 548 });
    expect(lanes.get('first_heard')).toMatchObject({ from: 561, to: 604 });
  });

  it('work done ahead of the end of speech lies left of zero', () => {
    const { lanes, start, ticks } = layoutWaterfall({ transcript: -120, llm_first: -20, decision: 150, first_audio: 155 });
    expect(lanes[0]).toMatchObject({ from: -120, to: -120, ahead: true });
    expect(start).toBeLessThanOrEqual(-120);
    expect(ticks).toContain(0);
    expect(lanes.every((lane) => lane.from <= lane.to)).toBe(true);
  });

  it('the last word does not stretch the axis', () => {
    expect(layoutWaterfall(TURN).end).toBeLessThan(900);
  });

  it('the headline is what was heard, else what was sent, else nothing', () => {
    expect(layoutWaterfall(TURN).headline).toBe(604);
    expect(layoutWaterfall({ first_audio: 10 }).headline).toBe(10);
    expect(layoutWaterfall({ llm_first: 10 }).headline).toBeNull();
  });

  it('marks of a later server are shown under their own name', () => {
    expect(layoutWaterfall({ memory_found: 40 }).lanes).toEqual([
      { mark: 'memory_found', label: 'memory found', from: 40, to: 40, tail: null, ahead: false },
    ]);
  });

  it('an empty ledger has no lanes and a sane axis', () => {
    const { lanes, start, end, ticks } = layoutWaterfall({});
    expect(lanes).toEqual([]);
    expect(end).toBeGreaterThan(start);
    expect(ticks.length).toBeLessThan(20);
  });

  it.each([[1], [7], [90], [604], [1234], [90_000]])('a span of %i ms gets three to seven steps', (span) => {
    const steps = span / tickStep(span);
    expect(steps).toBeGreaterThanOrEqual(2);
    expect(steps).toBeLessThanOrEqual(7);
  });

  it('says milliseconds and seconds as people do', () => {
    expect([-40.2, 0.2, -0.2, 640.4, 994, 1240].map(formatMs)).toEqual(['−40 ms', '0 ms', '0 ms', '640 ms', '994 ms', '1.24 s']);
  });
});
