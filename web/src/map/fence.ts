/** The lasso: its corners, x and y, one after the other, and which points are inside. */

export type XY = [number, number];

/** Few enough for an address that can be sent, and for a QR code. */
const MOST_CORNERS = 24;

/** Every so many of the points where the pointer was, so that few are left. */
export function corners(way: XY[]): number[] {
  const step = Math.max(1, way.length / MOST_CORNERS);
  const found: number[] = [];
  for (let k = 0; Math.floor(k * step) < way.length; k++) found.push(...way[Math.floor(k * step)]);
  return found;
}

/** As a line that comes back to where it began. */
export function ring(corners: number[]): XY[] {
  return Array.from({ length: corners.length / 2 + 1 }, (_, k): XY => {
    const at = (2 * k) % corners.length;
    return [corners[at], corners[at + 1]];
  });
}

/** The points, of those that are shown, from which a ray to the right crosses the fence an odd number of times. */
export function inside(points: Float32Array, fence: number[], shown: number[] | null): number[] {
  const edges = ring(fence);
  const isIn = (i: number) => {
    const [x, y] = [points[2 * i], points[2 * i + 1]];
    let odd = false;
    for (let k = 1; k < edges.length; k++) {
      const [[ax, ay], [bx, by]] = [edges[k - 1], edges[k]];
      if (ay > y !== by > y && x < ax + ((y - ay) / (by - ay)) * (bx - ax)) odd = !odd;
    }
    return odd;
  };
  return (shown ?? Array.from({ length: points.length / 2 }, (_, i) => i)).filter(isIn);
}
