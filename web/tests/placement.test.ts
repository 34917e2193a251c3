/** Where things are: a new latent on a map, a point on the canvas, a picture on its sheet, a point in a lasso. */

import { describe, expect, test } from 'vitest';
import { frame, pinched, toData, toScreen } from '../src/map/camera';
import { corners, inside, ring, type XY } from '../src/map/fence';
import { spot } from '../src/pictures/sheets';
import type { SheetsRef } from '../src/site';
import { place, stack } from '../src/space';

const close = (found: ArrayLike<number>, expected: number[], digits = 4) => {
  expect(found.length).toBe(expected.length);
  expected.forEach((value, j) => expect(found[j]).toBeCloseTo(value, digits));
};

describe('a new latent on a map', () => {
  const latents = stack([
    [0, 0],
    [3, 0],
    [0, 100],
  ]);
  const map = Float32Array.of(0, 0, 10, 20, 1000, 1000);

  test('lands among its neighbours, each weighted by one over its squared distance', () => {
    // At distances 1 and 2, by weights 1 and 1/4.
    close(place(latents, map, [1, 0], 2), [(10 * 0.25) / 1.25, (20 * 0.25) / 1.25]);
    close(place(latents, map, [1.5, 0], 2), [5, 10]);
  });
  test('lands on an example that it equals', () => {
    close(place(latents, map, [3, 0], 3), [10, 20]);
  });
  test('does not see beyond its k nearest', () => {
    close(place(latents, map, [0, 90], 1), [1000, 1000]);
  });
});

describe('a point on the canvas', () => {
  const still = Float32Array.of(1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1);
  const size = { width: 400, height: 200 };
  const points = Float32Array.of(-10, 0, 10, 4);

  test('is in a frame that has all points in sight, both axes alike', () => {
    const wide = frame(points, [], 2);
    expect(wide).toMatchObject({ x: 0, y: 2 });
    expect(wide.half).toBeCloseTo(10 / 1.9, 6);
    expect(frame(points, [], 20).half).toBeCloseTo(4 / 1.9, 6);
    expect(frame(points, [[0, -16]], 2)).toMatchObject({ x: 0, y: -6 });
    expect(frame(Float32Array.of(), [], 2)).toEqual({ x: 0, y: 0, half: 1 });
    expect(frame(Float32Array.of(5, 5), [], 2).half).toBeGreaterThan(0);
  });
  test('is in the middle, right and up where its numbers say so', () => {
    const around = { x: 5, y: 7, half: 2 };
    close(toScreen([5, 7], around, still, size), [200, 100]);
    close(toScreen([7, 7], around, still, size), [300, 100]);
    close(toScreen([5, 9], around, still, size), [200, 0]);
  });
  test('is found again, wherever the camera is', () => {
    const [around, moved] = [frame(points, [], 2), pinched(still, 3, [50, 60], [120, 30], size)];
    for (const point of [
      [-10, 0],
      [10, 4],
      [1, 2],
    ] as XY[])
      close(toData(toScreen(point, around, moved, size), around, moved, size), point);
  });
  test('stays under two fingers that spread and move', () => {
    const around = frame(points, [], 2);
    const held = toData([50, 60], around, still, size);
    const camera = pinched(still, 3, [50, 60], [120, 30], size);
    close(toScreen(held, around, camera, size), [120, 30]);
    const [a, b] = [toScreen([0, 0], around, camera, size), toScreen([1, 0], around, camera, size)];
    const [c, d] = [toScreen([0, 0], around, still, size), toScreen([1, 0], around, still, size)];
    expect(b[0] - a[0]).toBeCloseTo(3 * (d[0] - c[0]), 4);
  });
});

describe('a picture on its sheet', () => {
  const sheets = { width: 28, height: 20, columns: 3, each: 6 } as SheetsRef;
  test.each([
    [0, 0, 0, 0],
    [2, 0, 56, 0],
    [3, 0, 0, 20],
    [5, 0, 56, 20],
    [6, 1, 0, 0],
    [16, 2, 28, 20],
  ])('number %i', (i, sheet, left, top) => {
    expect(spot(sheets, i)).toEqual({ sheet, left, top });
  });
});

describe('a lasso', () => {
  // The letter U: what is between its arms is outside.
  const u = [0, 0, 6, 0, 6, 6, 4, 6, 4, 2, 2, 2, 2, 6, 0, 6];
  const points = Float32Array.of(1, 5, 3, 5, 5, 5, 3, 1, 7, 1, -1, 5);
  test('holds what is inside, in hollows too', () => {
    expect(inside(points, u, null)).toEqual([0, 2, 3]);
  });
  test('holds only what is shown', () => {
    expect(inside(points, u, [0, 1, 3])).toEqual([0, 3]);
  });
  test('comes back to where it began', () => {
    expect(ring([0, 0, 1, 0, 1, 1])).toEqual([
      [0, 0],
      [1, 0],
      [1, 1],
      [0, 0],
    ]);
  });
  test('has few corners, from all of its way', () => {
    const way = Array.from({ length: 1000 }, (_, k): XY => [k, -k]);
    const found = corners(way);
    expect(found.length).toBeLessThanOrEqual(50);
    expect(found.slice(0, 2)).toEqual([0, -0]);
    expect(found.at(-2)).toBeGreaterThan(900);
    expect(corners(way.slice(0, 3))).toEqual([0, -0, 1, -1, 2, -2]);
  });
});
