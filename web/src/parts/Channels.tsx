/** Which line is which channel of a log. */

import type { Painter } from '../pictures/paint';
import { say } from '../words';

interface ChannelsProps {
  /** The painter knows the channels, and their colours. */
  painter: Painter;
}

export function Channels({ painter }: ChannelsProps) {
  const names = painter.site.data.channels ?? [];
  if (!names.some(Boolean)) return null;
  return (
    <ul class="key channels" aria-label={say('channels')}>
      {names.map((name, channel) => (
        <li key={channel}>
          <i class="swatch" style={{ background: painter.colour(channel) }} /> {name}
        </li>
      ))}
    </ul>
  );
}
