/** The arithmetic of latents, against closed forms and values worked out by hand. */

import { describe, expect, test } from 'vitest';
import type { Axes } from '../src/site';
import {
  between,
  draw,
  isOutOfDistribution,
  nearest,
  norm,
  normals,
  path,
  pick,
  project,
  projectAll,
  row,
  shares,
  stack,
  uniforms,
  type Mixture,
} from '../src/space';

const close = (found: ArrayLike<number>, expected: number[], digits = 6) => {
  expect(found.length).toBe(expected.length);
  expected.forEach((value, j) => expect(found[j]).toBeCloseTo(value, digits));
};
/** The first numbers of seed 0, by another program. */
const SEED_0 = [0.3588899802416563, 0.10590326134115458, 0.675290479324758];
const mean = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0) / values.length;

test('rows that are stacked are found again', () => {
  const rows = stack([
    [1, 2],
    [3, 4],
    [5, 6],
  ]);
  expect([rows.n, rows.d]).toEqual([3, 2]);
  close(row(rows, 1), [3, 4]);
  expect(stack([])).toMatchObject({ n: 0, d: 0 });
});

describe('neighbours', () => {
  // On a line: 0, 1, 3, 6, 10.
  const line = stack([[10], [0], [3], [6], [1]]);

  test('come nearest first, with their distances', () => {
    const found = nearest(line, [2.5], 3);
    expect(found.rows).toEqual([2, 4, 1]);
    close(found.distances, [0.5, 1.5, 2.5]);
  });
  test('leave one out where that is wanted', () => {
    expect(nearest(line, [3], 2, 2).rows).toEqual([4, 1]);
  });
  test('are all there are, where more are asked for', () => {
    expect(nearest(line, [0], 99).rows).toEqual([1, 4, 2, 3, 0]);
  });
  test('are measured by Euclid', () => {
    close(nearest(stack([[3, 4, 12]]), [0, 0, 0], 1).distances, [13]);
  });
  test('are those of a search that tries everything', () => {
    const [cloud, one] = [draw(200, 5, 3, null), draw(1, 5, 4, null).values];
    const distances = Array.from({ length: 200 }, (_, i) => norm(row(cloud, i).map((value, j) => value - one[j])));
    const order = distances.map((_, i) => i).sort((a, b) => distances[a] - distances[b]);
    expect(nearest(cloud, one, 7).rows).toEqual(order.slice(0, 7));
  });
});

test('a latent is out of distribution where its k-th neighbour, not its first, is beyond the threshold', () => {
  const data = stack([[0], [1], [2]]);
  expect(isOutOfDistribution(data, { k: 2, threshold: 1.25 }, [0.75])).toBe(false);
  expect(isOutOfDistribution(data, { k: 3, threshold: 1.25 }, [0.75])).toBe(false);
  expect(isOutOfDistribution(data, { k: 3, threshold: 1.25 }, [0.5])).toBe(true);
  expect(isOutOfDistribution(data, { k: 1, threshold: 1 }, [3])).toBe(false);
  expect(isOutOfDistribution(data, { k: 1, threshold: 1 }, [3.01])).toBe(true);
});

describe('ways', () => {
  const half = Math.SQRT1_2;
  test('straight ones blend', () => {
    close(between([1, 2], [5, -2], 0.25, 'linear'), [2, 1]);
  });
  test('spherical ones follow the arc at an even pace', () => {
    close(between([1, 0], [0, 1], 0.5, 'slerp'), [half, half]);
    close(between([1, 0], [0, 1], 1 / 3, 'slerp'), [Math.cos(Math.PI / 6), Math.sin(Math.PI / 6)]);
    for (const point of path([1, 0, 0], [0, 0.6, 0.8], 9, 'slerp')) expect(norm(point)).toBeCloseTo(1, 6);
  });
  test('spherical ones between other lengths weigh as Shoemake does', () => {
    // The angle is 90 degrees, so that both weights in the middle are sin 45 / sin 90.
    close(between([2, 0], [0, 4], 0.5, 'slerp'), [2 * half, 4 * half]);
  });
  test('spherical ones are straight where there is no arc', () => {
    close(between([1, 1], [3, 3], 0.25, 'slerp'), [1.5, 1.5]);
    close(between([0, 0], [2, 4], 0.5, 'slerp'), [1, 2]);
    close(between([1, 0], [-1, 0], 0.25, 'slerp'), [0.5, 0]);
  });
  test.each(['linear', 'slerp'] as const)('begin and end at their ends: %s', (method) => {
    const found = path([1, 0], [0, 2], 5, method);
    expect(found.length).toBe(5);
    close(found[0], [1, 0]);
    close(found[4], [0, 2]);
  });
});

describe('draws', () => {
  test('numbers of a seed are those of mulberry32, and stay what they were in links that were sent', () => {
    const uniform = uniforms(0);
    close([uniform(), uniform(), uniform()], SEED_0, 12);
    expect(uniforms(1)()).not.toBe(uniforms(2)());
    const many = Float64Array.from({ length: 20000 }, uniforms(5));
    expect(Math.min(...many)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...many)).toBeLessThan(1);
    expect(mean(many)).toBeCloseTo(0.5, 1.5);
    expect(mean(many.map((value) => (value - 0.5) ** 2))).toBeCloseTo(1 / 12, 2);
  });
  test('Box and Muller make of two uniforms the two normals of one radius and angle', () => {
    // A radius of 2 at 30 degrees, then one of the root of 2 ln 2 at 180.
    const given = [1 - Math.exp(-2), 1 / 12, 0.5, 0.5];
    const normal = normals(() => given.shift()!);
    close([normal(), normal()], [Math.sqrt(3), 1]);
    expect(normal()).toBeCloseTo(-Math.sqrt(2 * Math.LN2), 6);
  });
  test('have the moments of N(0, 1)', () => {
    const { values } = draw(5000, 4, 1, null);
    expect(Math.abs(mean(values))).toBeLessThan(0.03);
    expect(Math.abs(mean(values.map((value) => value ** 2)) - 1)).toBeLessThan(0.05);
    expect(Math.abs(mean(values.map((value) => value ** 4)) - 3)).toBeLessThan(0.3);
    expect(draw(3, 2, 7, null).values).toEqual(draw(3, 2, 7, null).values);
    expect(draw(3, 2, 7, null).values).not.toEqual(draw(3, 2, 8, null).values);
  });
  test('from a mixture come from each part by its weight, about its mean, along its factors', () => {
    const mixture: Mixture = {
      weights: Float32Array.of(0.25, 0.75),
      means: stack([
        [10, 0],
        [-10, 5],
      ]),
      // Of the first: x alone, with deviation 2. Of the second: x and y alike, with deviation 1.
      factors: Float32Array.of(2, 0, 1, 1),
      rank: 1,
    };
    const { values, n } = draw(8000, 2, 3, mixture);
    const [first, second] = [true, false].map((isFirst) =>
      Array.from({ length: n }, (_, i) => [values[2 * i], values[2 * i + 1]]).filter(([x]) => x > 0 === isFirst),
    );
    expect(first.length / n).toBeCloseTo(0.25, 1.5);
    for (const [, y] of first) expect(y).toBe(0);
    expect(Math.abs(mean(first.map(([x]) => (x - 10) ** 2)) - 4)).toBeLessThan(0.5);
    for (const [x, y] of second) expect(y - 5).toBeCloseTo(x + 10, 4);
  });
});

describe('draws that were published', () => {
  const published = stack(Array.from({ length: 50 }, (_, i) => [i, -i]));
  const firsts = (n: number, seed: number) => Array.from({ length: n }, (_, i) => row(draw(n, 2, seed, published), i)[0]);

  test('are taken row by row', () => {
    const { values, n, d } = pick(published, 20, 0);
    expect([n, d, values.length]).toEqual([20, 2, 40]);
    for (let i = 0; i < n; i++) expect(values[2 * i + 1]).toBe(-values[2 * i]);
  });
  test('are the same for a seed, whatever was drawn before, and others for another seed', () => {
    const before = firsts(20, 7);
    expect(firsts(20, 8)).not.toEqual(before);
    expect(firsts(20, 7)).toEqual(before);
    expect(published.values[2]).toBe(1);
  });
  test('are those of links that were sent', () => {
    // By the numbers of seed 0: the row 0.3589 * 50, and 0.1059 * 49 after the first.
    expect(firsts(2, 0)).toEqual([17, 6]);
  });
  test('begin alike, however many there are', () => {
    expect(firsts(64, 3).slice(0, 10)).toEqual(firsts(10, 3));
  });
  test('come again only when all have come', () => {
    const found = firsts(120, 1);
    expect(new Set(found.slice(0, 50)).size).toBe(50);
    expect(new Set(found.slice(50, 100)).size).toBe(50);
    expect(found.slice(50, 100)).not.toEqual(found.slice(0, 50));
    expect(new Set(found.slice(100)).size).toBe(20);
  });
  test('have every row in every place about as often', () => {
    const counts = new Array<number>(50).fill(0);
    for (let seed = 0; seed < 5000; seed++) counts[row(pick(published, 3, seed), 2)[0]]++;
    expect(Math.min(...counts)).toBeGreaterThan(60);
    expect(Math.max(...counts)).toBeLessThan(140);
  });
});

test('a norm is a length', () => {
  expect(norm([3, 4])).toBe(5);
  expect(norm([])).toBe(0);
});

test('shares count values in equal steps; what is beyond the last step is in it', () => {
  close(shares([0, 0.5, 1, 1.5, 2, 7], 2, 2), [2 / 6, 4 / 6]);
  close(shares([], 2, 1), [0, 0]);
});

describe('projection', () => {
  const axes = {
    center: [1, 1, 1],
    directions: [
      [0, 1, 0],
      [0.6, 0, 0.8],
      [0.8, 0, -0.6],
    ],
  } as unknown as Axes;
  test('is onto the two widest directions, from the centre', () => {
    close(project(axes, [6, 3, 1]), [2, 3]);
    close(project(axes, [1, 1, 1]), [0, 0]);
  });
  test('of all rows is that of each', () => {
    close(
      projectAll(
        axes,
        stack([
          [6, 3, 1],
          [1, 1, 1],
        ]),
      ),
      [2, 3, 0, 0],
    );
  });
  test('of a latent of one number has nothing on its second axis', () => {
    close(project({ center: [1], directions: [[-1]] } as unknown as Axes, [3]), [-2, 0]);
  });
});
