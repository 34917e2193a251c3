/** Fingers on a map. One scrolls the page, taps and picks, or draws the lasso; two move and enlarge the map. The plot
 * itself knows only a mouse. */

import type { XY } from './fence';

interface Fingers {
  /** Does one finger draw now, as a pressed mouse does? */
  draws: () => boolean;
  /** What two fingers did: by how much they spread, from one middle to another, in CSS pixels of the canvas. */
  onPinch: (ratio: number, from: XY, to: XY) => void;
}

/** Listen to a canvas; the answer ends it. */
export function followFingers(canvas: HTMLCanvasElement, { draws, onPinch }: Fingers): () => void {
  const down = new Map<number, XY>();
  const ended = new AbortController();

  const place = (event: PointerEvent): XY => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const asMouse = (name: string, event: PointerEvent, buttons: number) =>
    canvas.dispatchEvent(
      new MouseEvent(name, { bubbles: true, cancelable: true, clientX: event.clientX, clientY: event.clientY, buttons }),
    );
  const middle = ([a, b]: XY[]): XY => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
  const apart = ([a, b]: XY[]) => Math.max(1, Math.hypot(a[0] - b[0], a[1] - b[1]));

  const listen = (name: 'pointerdown' | 'pointermove' | 'pointerup' | 'pointercancel', act: (event: PointerEvent) => void) =>
    canvas.addEventListener(name, (event) => event.pointerType === 'touch' && act(event), { signal: ended.signal });

  listen('pointerdown', (event) => {
    down.set(event.pointerId, place(event));
    if (down.size === 1 && draws()) {
      canvas.setPointerCapture(event.pointerId);
      asMouse('mousemove', event, 0);
      asMouse('mousedown', event, 1);
    }
  });
  listen('pointermove', (event) => {
    if (!down.has(event.pointerId)) return;
    const before = [...down.values()];
    down.set(event.pointerId, place(event));
    const now = [...down.values()];
    if (now.length === 2) onPinch(apart(now) / apart(before), middle(before), middle(now));
    else if (now.length === 1 && draws()) asMouse('mousemove', event, 1);
  });
  const up = (event: PointerEvent) => {
    if (down.delete(event.pointerId) && down.size === 0 && draws()) asMouse('mouseup', event, 0);
  };
  listen('pointerup', up);
  listen('pointercancel', up);
  return () => ended.abort();
}
