/** A canvas to draw on, with mouse, pen or finger; pictures can be dropped on it. */

import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { drop } from '../pictures/sketch';
import { Problem, type Data } from '../site';
import { view } from '../state/view';
import { say } from '../words';

const SIDE = 280;

interface SketchProps {
  /** The data say which shape a drawing has, and whether it is a digit as in MNIST. */
  data: Data;
  /** This is called with the canvas after every stroke and every picture that was opened. */
  onChange: (canvas: HTMLCanvasElement) => void;
  /** This is called when the canvas was cleared. */
  onClear: () => void;
}

export function Sketch({ data, onChange, onClear }: SketchProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const last = useRef<[number, number] | null>(null);
  const [ink, paper, size] = [useSignal('#ffffff'), useSignal('#000000'), useSignal(22)];
  const [h, w] = data.shape;
  const [width, height] = w >= h ? [SIDE, Math.round((SIDE * h) / w)] : [Math.round((SIDE * w) / h), SIDE];

  const clear = () => {
    const to = canvas.current!.getContext('2d', { willReadFrequently: true })!;
    to.fillStyle = paper.value;
    to.fillRect(0, 0, width, height);
  };
  // At first there is nothing to forget: an example may have been taken.
  const begun = useRef(false);
  useEffect(() => {
    clear();
    if (begun.current) onClear();
    begun.current = true;
  }, [paper.value, width, height]);

  const place = (event: PointerEvent): [number, number] => {
    const box = canvas.current!.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * width, ((event.clientY - box.top) / box.height) * height];
  };
  const draw = (event: PointerEvent) => {
    if (!last.current) return;
    const to = canvas.current!.getContext('2d')!;
    to.strokeStyle = ink.value;
    to.lineWidth = size.value;
    to.lineCap = to.lineJoin = 'round';
    // A pointer is quicker than the screen: all places that it passed.
    const passed = event.getCoalescedEvents?.() ?? [];
    for (const one of passed.length ? passed : [event]) {
      const here = place(one);
      to.beginPath();
      to.moveTo(...last.current);
      to.lineTo(...here);
      to.stroke();
      last.current = here;
    }
    onChange(canvas.current!);
  };
  const start = (event: PointerEvent) => {
    event.preventDefault();
    canvas.current!.setPointerCapture(event.pointerId);
    last.current = place(event);
    draw(event);
  };
  const open = (file: Blob | undefined) => {
    if (!file) return;
    drop(file, canvas.current!, data, paper.value).then(
      () => onChange(canvas.current!),
      () => (view.problem.value = new Problem('problem.picture')),
    );
  };

  return (
    <div class="sketch">
      <canvas
        ref={canvas}
        width={width}
        height={height}
        role="img"
        aria-label={say('draw.canvas')}
        onPointerDown={start}
        onPointerMove={draw}
        onPointerUp={() => (last.current = null)}
        onPointerCancel={() => (last.current = null)}
        onDragOver={(event) => event.preventDefault()}
        onDrop={(event) => (event.preventDefault(), open(event.dataTransfer?.files[0]))}
      />
      <div class="row">
        <button type="button" onClick={() => (clear(), onClear())}>
          {say('draw.clear')}
        </button>
        <label class="file">
          {say('draw.file')}
          <input
            class="unseen"
            type="file"
            accept="image/*"
            onChange={(event) => {
              open(event.currentTarget.files?.[0]);
              event.currentTarget.value = ''; // the same one may be opened again
            }}
          />
        </label>
      </div>
      <div class="row">
        <label class="field">
          <span>{say('draw.pen')}</span>
          <input type="range" min={4} max={60} value={size.value} onInput={(event) => (size.value = Number(event.currentTarget.value))} />
        </label>
        {!data.centred && (
          <>
            <label class="field">
              <span>{say('draw.colour')}</span>
              <input type="color" value={ink.value} onInput={(event) => (ink.value = event.currentTarget.value)} />
            </label>
            <label class="field">
              <span>{say('draw.paper')}</span>
              <input type="color" value={paper.value} onInput={(event) => (paper.value = event.currentTarget.value)} />
            </label>
          </>
        )}
      </div>
    </div>
  );
}
