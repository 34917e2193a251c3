/** What a model makes of an example, with its error below. */

import type { Space } from '../loaded';
import type { Raw } from '../network';
import type { Painter } from '../pictures/paint';
import { canReconstruct } from '../views/given';
import { digitsOf, number, say } from '../words';
import { Captioned, Output } from './Pictures';

interface ReconstructedProps {
  /** The space is the run that is looked at. */
  space: Space;
  /** The painter knows how the examples of this site are drawn. */
  painter: Painter;
  /** This is the number of the example. */
  i: number;
  /** This is its reconstruction; null leaves the place empty. */
  back: Raw | null;
}

/** Nothing where the model cannot reconstruct. */
export function Reconstructed({ space, painter, i, back }: ReconstructedProps) {
  if (!canReconstruct(space, painter)) return null;
  const error = space.error && say('pin.error', { value: number(space.error[i], digitsOf(space.error[i], 4)) });
  return (
    <Captioned text={error ? `${say('pin.back')} (${error})` : say('pin.back')}>
      <Output painter={painter} raw={back} />
    </Captioned>
  );
}
