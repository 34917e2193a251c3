/** How rows of numbers are painted: bars, and windows of a log as a line for each channel. */

import { expect, test, vi } from 'vitest';
import { Painter } from '../src/pictures/paint';
import type { Site } from '../src/site';

const palette = ['#111111', '#222222'];

/** A pen that writes down what it is asked for: each line as its colour and points, and how many boxes. */
function pen() {
  const lines: { colour: string; points: [string, number, number][] }[] = [];
  const made = {
    boxes: 0,
    strokeStyle: '',
    lines,
    beginPath: () => lines.push({ colour: made.strokeStyle, points: [] }),
    moveTo: (x: number, y: number) => lines.at(-1)!.points.push(['move', x, y]),
    lineTo: (x: number, y: number) => lines.at(-1)!.points.push(['line', x, y]),
    stroke: () => undefined,
    fillRect: () => void made.boxes++,
  };
  return made;
}

function painted(values: number[], channels: string[] | null) {
  const n = values.length;
  const data = { kind: 'row', shape: [n], columns: [], center: Array(n).fill(1), deviation: Array(n).fill(2), channels };
  const found = pen();
  new Painter({ palette, data } as unknown as Site, null).raw(
    found as unknown as CanvasRenderingContext2D,
    Float32Array.from(values),
    0,
    10,
    20,
    100,
    62,
  );
  return found;
}

test('a window is a line for each channel, three deviations high, with a gap where numbers are missing', () => {
  const { lines, boxes } = painted([1, 7, 3, NaN, 100, -5, 1, 1], ['heat', 'hum']);
  // The paper and the line of the mean.
  expect(boxes).toBe(2);
  expect(lines.map(({ colour }) => colour)).toEqual(palette);
  const [heat, hum] = lines.map(({ points }) => points);
  const close = (found: typeof heat, expected: typeof heat) => {
    expect(found.map(([how]) => how)).toEqual(expected.map(([how]) => how));
    found.forEach(([, x, y], i) => {
      expect(x).toBeCloseTo(expected[i][1], 4);
      expect(y).toBeCloseTo(expected[i][2], 4);
    });
  };
  close(heat, [
    ['move', 10, 51],
    ['line', 10 + 100 / 3, 41],
    ['line', 10 + 200 / 3, 21],
    ['line', 110, 51],
  ]);
  close(hum, [
    ['move', 10, 21],
    ['move', 10 + 200 / 3, 81],
    ['line', 110, 51],
  ]);
});

test('a row of a table is bars', () => {
  const { lines, boxes } = painted([1, 7, 3], null);
  expect(lines).toEqual([]);
  expect(boxes).toBe(2 + 3);
});

test('a volume is seen by the slice in its middle', () => {
  const shown: number[][] = [];
  const images = class {
    data: Uint8ClampedArray;
    constructor(width: number, height: number) {
      this.data = new Uint8ClampedArray(4 * width * height);
    }
  };
  const canvas = class {
    getContext = () => ({
      putImageData: ({ data }: { data: Uint8ClampedArray }) => void shown.push([...data].filter((_, i) => i % 4 === 0)),
    });
  };
  vi.stubGlobal('ImageData', images);
  vi.stubGlobal('OffscreenCanvas', canvas);
  const data = { kind: 'volume', shape: [3, 1, 2], dtype: 'uint8', columns: [] };
  const painter = new Painter({ palette, data } as unknown as Site, null);
  expect([painter.width, painter.height]).toEqual([2, 1]);
  const to = { drawImage: () => undefined } as unknown as CanvasRenderingContext2D;
  painter.raw(to, Uint8Array.from([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]), 1, 0, 0, 2, 1);
  expect(shown).toEqual([[8, 9]]);
  vi.unstubAllGlobals();
});
