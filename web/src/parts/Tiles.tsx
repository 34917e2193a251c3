/** Pictures side by side on one canvas. */

import { effect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';

export interface TilesProps {
  /** This many pictures are shown. */
  n: number;
  /** This many of them stand side by side. */
  columns: number;
  /** One picture is this many pixels wide. */
  width: number;
  /** One picture is this many pixels high. */
  height: number;
  /** Pictures are painted enlarged by this factor, and then the canvas is stretched to its place. */
  scale?: number;
  /** Between two pictures this many pixels of the canvas are empty. */
  gap?: number;
  /** The k-th picture gets a frame of the colour that this returns, or none for null. */
  frame?: (k: number) => string | null;
  /** This paints the k-th picture at x and y, w wide and h high. */
  paint: (pen: CanvasRenderingContext2D, k: number, x: number, y: number, w: number, h: number) => unknown;
  /** The label tells those who cannot see the canvas what is on it. */
  label: string;
  /** The canvas has this class beside its own. */
  class?: string;
}

export function Tiles({ n, columns, width, height, scale = 2, gap = 0, frame, paint, label, ...rest }: TilesProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const rows = Math.max(1, Math.ceil(n / columns));
  const [w, h] = [width * scale, height * scale];
  const full = { width: columns * w + (columns - 1) * gap, height: rows * h + (rows - 1) * gap };

  // Painted again when a sheet arrives: paint reads the signal that says so.
  useEffect(() =>
    effect(() => {
      const pen = canvas.current?.getContext('2d');
      if (!pen) return;
      pen.clearRect(0, 0, full.width, full.height);
      for (let k = 0; k < n; k++) {
        const [x, y] = [(k % columns) * (w + gap), Math.floor(k / columns) * (h + gap)];
        paint(pen, k, x, y, w, h);
        const colour = frame?.(k);
        if (!colour) continue;
        pen.strokeStyle = colour;
        pen.lineWidth = 2 * scale;
        pen.strokeRect(x + scale, y + scale, w - 2 * scale, h - 2 * scale);
      }
    }),
  );

  return <canvas ref={canvas} {...full} role="img" aria-label={label} class={`tiles ${rest.class ?? ''}`} />;
}
