/** The address of this view as a QR code, where others can reach it. */

import { generate } from 'lean-qr';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import { say } from '../words';

/** Is this page somewhere that another machine can open? */
export const isPublished = () => !['127.0.0.1', 'localhost', '[::1]'].includes(location.hostname);

/** This view; whoever opens it on a phone has no use for projector mode. */
const here = (): string => location.href.replace(/([#&])projector=1(&|$)/, '$1').replace(/[#&]$/, '');

export function QR() {
  const canvas = useRef<HTMLCanvasElement>(null);
  const address = useSignal(here());
  useEffect(() => {
    // The address follows the view without an event of its own.
    const look = setInterval(() => (address.value = here()), 500);
    return () => clearInterval(look);
  }, []);
  const code = useMemo(() => {
    try {
      return generate(address.value);
    } catch {
      return null; // more than a code can hold
    }
  }, [address.value]);
  useEffect(() => {
    if (canvas.current) code?.toCanvas(canvas.current, { on: [0, 0, 0, 255], off: [255, 255, 255, 255], pad: 3 } as never);
  }, [code]);
  if (!isPublished()) return null;
  // With its rim of 3; smaller squares no phone reads from a wall.
  const side = `max(9rem, ${4 * ((code?.size ?? 0) + 6)}px)`;
  if (!code) return <p class="qr">{say('qr.long')}</p>;
  return (
    <figure class="qr">
      <canvas ref={canvas} role="img" aria-label={say('qr.title')} style={{ width: side, height: side }} />
      <figcaption>{say('qr.title')}</figcaption>
    </figure>
  );
}
