/** Points to look at, hover, pick and fence in. It knows arrays and colours, not what they mean. */

import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import createScatterplot from 'regl-scatterplot';
import { isTheirs } from '../parts/arrows';
import { frame, pinched, toData, toScreen, type Frame } from './camera';
import { corners, type XY } from './fence';
import { renderer } from './regl';
import { followFingers } from './touch';

/** Milliseconds. */
const AFTER_LASSO = 300;

export const LASSO = '#ffa90e';

type Plot = ReturnType<typeof createScatterplot>;

/** Something drawn above the points, in their coordinates; a mark with several points is one line, or several signs. */
export interface Mark {
  /** The kind says how the mark looks. */
  kind: 'ring' | 'dot' | 'cross' | 'line';
  /** The mark stands at these points, or runs through them. */
  points: XY[];
  /** The mark has this colour. */
  colour: string;
  /** A sign is this many pixels across, and a line this many wide. */
  size?: number;
  /** The name is written beside the first point. */
  name?: string;
}

export interface ScatterProps {
  /** The points are given by x and y of each, one after the other. */
  points: Float32Array;
  /** Each point has the index of its colour here, or its place on the scale of colours, from 0 to 1. */
  values: Float32Array;
  /** The colours are those of classes, or those of a scale from its low end to its high end. */
  colours: string[];
  /** Are the colours a scale? */
  continuous: boolean;
  /** Only the points of these numbers are shown; null shows them all. */
  shown: number[] | null;
  /** The marks are drawn above the points. */
  marks: Mark[];
  /** The paper behind the points has this colour. */
  background: string;
  /** These places are in sight beside the points themselves. */
  within?: XY[];
  /** Does a pressed pointer draw a lasso now, instead of moving the map? */
  lasso?: boolean;
  /** The label tells those who cannot see the map what is on it. */
  label: string;
  /** This is called with the number of the point under the pointer, and with null when the pointer leaves it. */
  onHover?: (i: number | null) => void;
  /** This is called with the number of the point that was clicked. */
  onPick?: (i: number | null) => void;
  /** This is called with the corners of a lasso that was drawn; without it there is no lasso. */
  onFence?: (corners: number[]) => void;
  /** This is called with the place to which the pointer moves, in the coordinates of the points. */
  onMove?: (xy: XY) => void;
  /** This is called with a key that was pressed on the map, and returns whether the key was meant for it. */
  onKey?: (key: string) => boolean;
  /** This is called where the browser draws no WebGL. */
  onFail: () => void;
}

export function Scatter(props: ScatterProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const above = useRef<HTMLCanvasElement>(null);
  const plot = useRef<Plot | null>(null);
  const given = useRef(props);
  given.current = props;
  const fitted = useRef<Frame>({ x: 0, y: 0, half: 1 });
  const drawn = useRef<Promise<unknown>>(Promise.resolve());
  // Another shape of the canvas, as when a phone is turned, is another frame.
  const [aspect, setAspect] = useState(0);

  const camera = () => plot.current!.get('cameraView');
  const screen = (point: XY) => toScreen(point, fitted.current, camera(), canvas.current!.getBoundingClientRect());

  const drawMarks = () => {
    const sheet = above.current;
    if (!sheet || !plot.current) return;
    const { width, height } = sheet.getBoundingClientRect();
    const ratio = devicePixelRatio || 1;
    if (sheet.width !== Math.round(width * ratio) || sheet.height !== Math.round(height * ratio)) {
      sheet.width = Math.round(width * ratio);
      sheet.height = Math.round(height * ratio);
    }
    const pen = sheet.getContext('2d')!;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    for (const mark of given.current.marks) drawMark(pen, mark, mark.points.map(screen), given.current.background);
  };

  useLayoutEffect(() => {
    const drawing = renderer();
    if (!drawing) {
      given.current.onFail();
      return;
    }
    const made = createScatterplot({
      canvas: canvas.current!,
      renderer: drawing,
      spatialIndexUseWorker: false,
      pointSizeSelected: 0,
      pointOutlineWidth: 0,
      lassoOnLongPress: Boolean(given.current.onFence),
      lassoColor: LASSO,
      lassoMinDelay: 10,
      lassoMinDist: 3,
      deselectOnDblClick: false,
      deselectOnEscape: false,
      // No turning: a map that is turned has no axes to tell of.
      ...({ actionKeyMap: given.current.onFence ? { lasso: 'shift' } : {} } as object),
      cameraDistance: 1,
    });
    plot.current = made;
    made.subscribe('view', drawMarks);
    made.subscribe('pointOver', (i) => given.current.onHover?.(i));
    made.subscribe('pointOut', () => given.current.onHover?.(null));
    made.subscribe('select', ({ points }) => {
      const rows = [...points];
      made.deselect({ preventEvent: true });
      if (!fencing && rows.length && performance.now() > fenced + AFTER_LASSO) given.current.onPick?.(rows[0]);
    });
    // Where a lasso ends there is also a click, which picks nothing.
    let [fencing, fenced] = [false, -Infinity];
    made.subscribe('lassoStart', () => void (fencing = true));
    made.subscribe('lassoEnd', ({ coordinates }) => {
      [fencing, fenced] = [false, performance.now()];
      const f = fitted.current;
      // Pairs, whatever their declaration says.
      const way = coordinates as unknown as XY[];
      if (f) given.current.onFence?.(corners(way.map(([x, y]) => [x * f.half + f.x, y * f.half + f.y])));
    });
    const seen = new ResizeObserver(() => {
      // By its own size: the canvas follows the page.
      const { width, height } = above.current!.getBoundingClientRect();
      if (!width || !height) return;
      void made.set({ width, height });
      setAspect(Math.round((8 * width) / height) / 8);
      drawMarks();
    });
    const noMoreFingers = followFingers(canvas.current!, {
      draws: () => Boolean(given.current.lasso),
      onPinch: (ratio, before, now) => {
        const size = canvas.current!.getBoundingClientRect();
        void made.set({ cameraView: pinched(made.get('cameraView'), ratio, before, now, size) });
        drawMarks();
      },
    });
    seen.observe(above.current!);
    return () => {
      seen.disconnect();
      noMoreFingers();
      made.destroy();
      plot.current = null;
    };
  }, []);

  // The points, and where they are.
  const { points, values, continuous, colours, shown, background, marks, within, lasso } = props;
  const inSight = JSON.stringify(within ?? []);
  useEffect(() => {
    const made = plot.current;
    if (!made || !aspect) return;
    const { width, height } = above.current!.getBoundingClientRect();
    const f = frame(points, within ?? [], width / height);
    const n = points.length / 2;
    const [x, y] = [new Float32Array(n), new Float32Array(n)];
    for (let i = 0; i < n; i++) {
      x[i] = (points[2 * i] - f.x) / f.half;
      y[i] = (points[2 * i + 1] - f.y) / f.half;
    }
    void made.set({
      backgroundColor: background,
      colorBy: 'valueA',
      pointColor: colours,
      pointSize: n > 100_000 ? 1.5 : n > 20_000 ? 2 : n > 3000 ? 3.5 : 6,
      opacity: n > 100_000 ? 0.35 : n > 3000 ? 0.75 : 0.9,
    });
    const filter = shown ? { filter: shown } : {};
    let stale = false;
    // One after the other: the plot refuses to be drawn while it is.
    drawn.current = drawn.current
      .then(() => {
        if (stale || plot.current !== made) return;
        fitted.current = f;
        return made.draw(n ? { x, y, z: values } : [], {
          zDataType: continuous ? 'continuous' : 'categorical',
          ...filter,
        } as never);
      })
      .then(() => {
        if (stale || plot.current !== made) return;
        performance.mark('map-drawn');
        canvas.current?.setAttribute('data-drawn', String(n));
        drawMarks();
      });
    return () => void (stale = true);
  }, [points, values, continuous, inSight, aspect]);

  useEffect(() => {
    void plot.current?.set({ backgroundColor: background, pointColor: colours });
    drawMarks();
  }, [colours, background]);

  useEffect(() => {
    const made = plot.current;
    // After what is being drawn: a filter is of the points that are there.
    void drawn.current.then(() => (made === plot.current && made ? (shown ? made.filter(shown) : made.unfilter()) : null));
  }, [shown]);

  useEffect(drawMarks, [marks]);
  // At once: the next press already means it.
  useLayoutEffect(() => void plot.current?.set({ mouseMode: lasso ? 'lasso' : 'panZoom' }), [lasso]);

  const moved = (event: PointerEvent) => {
    if (!props.onMove || !plot.current) return;
    const box = canvas.current!.getBoundingClientRect();
    props.onMove(toData([event.clientX - box.left, event.clientY - box.top], fitted.current, camera(), box));
  };

  return (
    <div
      class="scatter"
      role="application"
      aria-label={props.label}
      tabIndex={0}
      onKeyDown={(event) => !isTheirs(event) && props.onKey?.(event.key) && event.preventDefault()}>
      <canvas ref={canvas} class={lasso ? 'fencing' : props.onMove ? 'pad-map' : ''} onPointerMove={moved} onPointerDown={moved} />
      <canvas ref={above} class="above" aria-hidden="true" />
    </div>
  );
}

/** Each mark has a rim of the paper's colour, so that it stands out from points of any. */
function drawMark(pen: CanvasRenderingContext2D, mark: Mark, at: XY[], paper: string) {
  const size = mark.size ?? 8;
  const width = mark.kind === 'line' ? size : mark.kind === 'dot' ? 0 : 2.5;
  const outline = new Path2D();
  if (mark.kind === 'line') at.forEach(([x, y], i) => (i ? outline.lineTo(x, y) : outline.moveTo(x, y)));
  for (const [x, y] of mark.kind === 'line' ? [] : at) {
    if (mark.kind === 'cross') {
      for (const sign of [1, -1]) {
        outline.moveTo(x - size / 2, y - (sign * size) / 2);
        outline.lineTo(x + size / 2, y + (sign * size) / 2);
      }
    } else {
      outline.moveTo(x + size / 2, y);
      outline.arc(x, y, size / 2, 0, 2 * Math.PI);
    }
  }
  pen.lineCap = 'round';
  for (const [colour, wide] of [
    [paper, width + 3],
    [mark.colour, width],
  ] as const) {
    pen.strokeStyle = colour;
    pen.lineWidth = wide;
    if (wide) pen.stroke(outline);
  }
  pen.fillStyle = mark.colour;
  if (mark.kind === 'dot') pen.fill(outline);
  if (mark.name && at.length) {
    const [x, y] = at[0];
    pen.font = 'bold 15px system-ui, sans-serif';
    pen.lineWidth = 4;
    pen.strokeStyle = paper;
    pen.strokeText(mark.name, x + size / 2 + 4, y - 4);
    pen.fillText(mark.name, x + size / 2 + 4, y - 4);
  }
}
