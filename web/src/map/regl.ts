/** The WebGL that all maps of the page share, by regl, whose drawing functions were written out beforehand: the page's
 * policy lets no code be made of text. They are the same on every machine, since regl-scatterplot asks for none of the
 * extensions on which they would depend. `precompile.py` writes them anew when a library changes. */

import createRegl from 'regl';
import { createRenderer } from 'regl-scatterplot';
import { compiled } from '../../generated/regl.js';

const EXTENSIONS = ['OES_texture_float', 'OES_element_index_uint', 'WEBGL_color_buffer_float', 'EXT_float_blend'];

export type Renderer = ReturnType<typeof createRenderer>;
let shared: Renderer | null | undefined;

/** None where this browser draws no WebGL. */
export function renderer(): Renderer | null {
  if (shared !== undefined) return shared;
  const canvas = document.createElement('canvas');
  const gl = canvas.getContext('webgl', { antialias: true, preserveDrawingBuffer: true });
  if (!gl || !gl.getExtension('OES_texture_float')) return (shared = null);
  const extensions = EXTENSIONS.filter((name) => gl.getExtension(name));
  const regl = createRegl({ gl, extensions, cachedCode: compiled } as Parameters<typeof createRegl>[0]);
  // regl puts what it makes there too.
  if (import.meta.env.MODE === 'precompile') Object.assign(window, { reglCode: compiled });
  const made = createRenderer({ canvas, regl: regl });
  // It follows the window by itself only where the canvas is its own.
  const follow = () => made.resize(Math.min(innerWidth, screen.availWidth), Math.min(innerHeight, screen.availHeight));
  addEventListener('resize', follow);
  follow();
  return (shared = made);
}
