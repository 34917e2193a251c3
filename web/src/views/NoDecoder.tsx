import type { Space } from '../loaded';
import { modelName } from '../parts/Bar';
import { say } from '../words';

/** Why a run cannot do what takes a decoder. */
export function NoDecoder({ space: { run } }: { space: Space }) {
  return <p class="none">{run.skips ? say('none.skips') : say('none.decoder', { model: modelName(run.model) })}</p>;
}
