import type { Space } from '../loaded';
import { modelName } from '../parts/Bar';
import { say } from '../words';

interface NoDecoderProps {
  /** The space is that of the run without a decoder. */
  space: Space;
}

/** Why a run cannot do what takes a decoder. */
export function NoDecoder({ space: { run } }: NoDecoderProps) {
  return <p class="none">{run.skips ? say('none.skips') : say('none.decoder', { model: modelName(run.model) })}</p>;
}
