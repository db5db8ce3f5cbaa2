import { Group, Quaternion, Vector3 } from 'three';
import { describe, expect, it } from 'vitest';
import { DISTANCE_M, facing, placeRoom } from '../src/face/xr/placement.js';
import { EVERY_MS, PoseReport, told, type Place } from '../src/face/xr/pose-report.js';
import { explainXr } from '../src/face/xr/words.js';

const UP = new Vector3(0, 1, 0);

function turned(yaw: number, pitch = 0): Quaternion {
  return new Quaternion().setFromAxisAngle(UP, yaw).multiply(new Quaternion().setFromAxisAngle(new Vector3(1, 0, 0), pitch));
}

function place(x = 0, y = 1.6, z = 0, q: readonly [number, number, number, number] = [0, 0, 0, 1]): Place {
  return { position: { x, y, z }, orientation: { x: q[0], y: q[1], z: q[2], w: q[3] } };
}

describe('where she is when somebody enters', () => {
  const face = new Vector3(0.1, 0.17, 0.05);
  it.each([
    [0, 0],
    [1, 0],
    [-2.5, 0.4],
    [Math.PI, -0.7],
    [0.3, 1.5],
    [0.3, -1.5],
  ])('headset turned by %f, tilted by %f', (yaw, pitch) => {
    const headset = new Vector3(1.3, 1.62, -0.4);
    const rotation = turned(yaw, pitch);
    const room = new Group();
    placeRoom(room, headset, rotation, face);
    const eyes = headset.clone().applyMatrix4(room.matrixWorld);
    expect(eyes.distanceTo(face)).toBeCloseTo(DISTANCE_M, 6);
    // At the height of hers, straight in front of her.
    expect(eyes.y).toBeCloseTo(face.y, 6);
    expect(eyes.x).toBeCloseTo(face.x, 6);
    expect(eyes.z).toBeGreaterThan(face.z);
    const looks = new Vector3(0, 0, -1).applyQuaternion(turned(yaw)).applyQuaternion(room.quaternion);
    expect(looks.z).toBeCloseTo(-1, 5);
  });

  it('whoever looks straight up or down faces where the top of the head says', () => {
    expect(facing(turned(0.8, Math.PI / 2))).toBeCloseTo(0.8, 4);
    expect(facing(turned(0.8, -Math.PI / 2))).toBeCloseTo(0.8, 4);
  });
});

describe('what the server is told of', () => {
  it('is told fifteen times a second, however many frames there are', () => {
    for (const rate of [30, 60, 72, 90, 120]) {
      const report = new PoseReport();
      let sent = 0;
      for (let frame = 0; frame < rate * 10; frame += 1) {
        const now = (frame * 1_000) / rate;
        if (report.due(now) && report.take(now, 's', place(), null, null) !== null) sent += 1;
      }
      expect(sent / 10).toBeGreaterThanOrEqual(10);
      expect(sent / 10).toBeLessThanOrEqual(15.2);
    }
  });

  it('after a pause it does not catch up', () => {
    const report = new PoseReport();
    expect(report.take(0, 's', place(), null, null)).not.toBeNull();
    let sent = 0;
    for (let now = 60_000; now < 60_100; now += 10) if (report.due(now) && report.take(now, 's', place(), null, null) !== null) sent += 1;
    expect(sent).toBeLessThanOrEqual(1 + Math.ceil(100 / (EVERY_MS / 2)));
  });

  it('in the words of the protocol, with hands as far as they are seen', () => {
    const report = new PoseReport();
    expect(report.take(0, 'abc', place(0.12345678, 1.6, -2, [0, 0, 0, 1.004]), null, place(0.3, 1.2, -0.4))).toEqual({
      type: 'vr_pose',
      session_id: 'abc',
      head: { position: [0.1235, 1.6, -2], rotation: [0, 0, 0, 1] },
      hands: { left: null, right: { position: [0.3, 1.2, -0.4], rotation: [0, 0, 0, 1] } },
    });
  });

  it('nothing that the server refuses', () => {
    expect(told(null)).toBeNull();
    expect(told(place(NaN))).toBeNull();
    expect(told(place(1_001))).toBeNull();
    expect(told(place(0, 0, 0, [0, 0, 0, 0]))).toBeNull();
    expect(told(place(0, 0, 0, [NaN, 0, 0, 1]))).toBeNull();
    const { rotation } = told(place(0, 0, 0, [0.7, 0.1, -0.7, 0.1])) ?? { rotation: [0] };
    expect(Math.abs(Math.hypot(...rotation) - 1)).toBeLessThan(0.001);
  });
});

it('a refusal is told by its reason', () => {
  const said = ['NotAllowedError', 'NotSupportedError', 'InvalidStateError', 'AbortError'].map((name) => explainXr(new DOMException('', name)).title);
  expect(new Set(said).size).toBe(4);
  expect(explainXr('odd').todo).toContain('reload');
});
