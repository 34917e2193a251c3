/** Where a point of the data is on the canvas, and back: first into the square that the plot draws, then through its camera. */

import type { XY } from './fence';

/** How data coordinates become the square from -1 to 1 that the plot draws, both axes alike. */
export interface Frame {
  /** The x of the middle. */
  x: number;
  /** The y of the middle. */
  y: number;
  /** Half the side of the square. */
  half: number;
}

/** Both axes alike, so that all is in sight on a canvas of this width by height. */
export function frame(points: Float32Array, within: XY[], aspect: number): Frame {
  let [left, right, low, high] = [Infinity, -Infinity, Infinity, -Infinity];
  const see = (x: number, y: number) => {
    if (x < left) left = x;
    if (x > right) right = x;
    if (y < low) low = y;
    if (y > high) high = y;
  };
  for (let i = 0; i < points.length; i += 2) see(points[i], points[i + 1]);
  for (const [x, y] of within) see(x, y);
  if (left > right) return { x: 0, y: 0, half: 1 };
  return { x: (left + right) / 2, y: (low + high) / 2, half: Math.max((right - left) / aspect, high - low, 1e-9) / 1.9 };
}

/** A 4 x 4 matrix, column by column, as the plot keeps it. A map is never turned, so that only these entries differ from
 * those of the unit matrix: 0 and 5 enlarge, 12 and 13 move. */
type Camera = ArrayLike<number>;

interface Size {
  /** The width of the canvas in CSS pixels. */
  width: number;
  /** The height of the canvas in CSS pixels. */
  height: number;
}

/** Where a point of the data is on the canvas, in CSS pixels. */
export function toScreen([x, y]: XY, { x: middleX, y: middleY, half }: Frame, camera: Camera, { width, height }: Size): XY {
  const across = camera[0] * ((x - middleX) / half) + camera[12];
  const up = camera[5] * ((y - middleY) / half) + camera[13];
  return [((across / (width / height) + 1) / 2) * width, ((1 - up) / 2) * height];
}

/** Which point of the data is at a place of the canvas. */
export function toData([left, top]: XY, { x, y, half }: Frame, camera: Camera, { width, height }: Size): XY {
  const across = ((left / width) * 2 - 1) * (width / height);
  const up = 1 - (top / height) * 2;
  return [((across - camera[12]) / camera[0]) * half + x, ((up - camera[13]) / camera[5]) * half + y];
}

/** The camera after two fingers spread by a ratio, and their middle went from one place of the canvas to another. */
export function pinched(camera: Camera, ratio: number, from: XY, to: XY, { width, height }: Size): Float32Array {
  const inSquare = ([x, y]: XY): XY => [((2 * x) / width - 1) * (width / height), 1 - (2 * y) / height];
  const [[x0, y0], [x1, y1]] = [inSquare(from), inSquare(to)];
  const after = Float32Array.from(camera);
  after[0] *= ratio;
  after[5] *= ratio;
  after[12] = x1 + (after[12] - x0) * ratio;
  after[13] = y1 + (after[13] - y0) * ratio;
  return after;
}
