/** From what was drawn or dropped to a raw example. */

import type { Data } from '../site';
import type { Raw } from '../network';
import { normals, uniforms } from '../space';

const BOX = 20;
const INK = 24;

type Canvas = HTMLCanvasElement | OffscreenCanvas;

const pen = (canvas: OffscreenCanvas) => canvas.getContext('2d', { willReadFrequently: true })!;

/** A drawing, light on dark, as MNIST's digits were made: fitted into 20 x 20 pixels, its centre of mass in the middle
 * of 28 x 28 (LeCun et al., Proc. IEEE 86, 1998). Null where nothing is drawn. */
export function centred(drawing: Canvas, data: Data): ImageData | null {
  const { width, height } = drawing;
  const { data: pixels } = (drawing.getContext('2d') as CanvasRenderingContext2D).getImageData(0, 0, width, height);
  let [left, right, top, bottom, mass, across, down] = [width, -1, height, -1, 0, 0, 0];
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const at = 4 * (y * width + x);
      const light = Math.max(pixels[at], pixels[at + 1], pixels[at + 2]);
      if (light < INK) continue;
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y);
      mass += light;
      across += light * (x + 0.5);
      down += light * (y + 0.5);
    }
  if (right < 0) return null;
  const [h, w] = data.shape;
  const [bw, bh] = [right - left + 1, bottom - top + 1];
  const scale = ((BOX / 28) * Math.min(w, h)) / Math.max(bw, bh);
  const small = new OffscreenCanvas(w, h);
  const to = pen(small);
  to.fillRect(0, 0, w, h);
  to.imageSmoothingQuality = 'high';
  to.drawImage(
    drawing,
    left,
    top,
    bw,
    bh,
    w / 2 - (across / mass - left) * scale,
    h / 2 - (down / mass - top) * scale,
    bw * scale,
    bh * scale,
  );
  return to.getImageData(0, 0, w, h);
}

/** A drawing reduced to the data's size. */
export function reduced(drawing: Canvas, data: Data): ImageData {
  const [h, w] = data.shape;
  const small = new OffscreenCanvas(w, h);
  const to = pen(small);
  to.imageSmoothingQuality = 'high';
  to.drawImage(drawing, 0, 0, w, h);
  return to.getImageData(0, 0, w, h);
}

/** A picture from outside onto the drawing, its middle if the shapes differ; dark on light becomes light on dark where
 * the data are so. */
export async function drop(file: Blob, drawing: HTMLCanvasElement, data: Data, paper: string): Promise<void> {
  const image = await createImageBitmap(file);
  const to = drawing.getContext('2d')!;
  const scale = Math.max(drawing.width / image.width, drawing.height / image.height);
  const [w, h] = [image.width * scale, image.height * scale];
  // What is transparent is paper: that of a scan is white.
  to.fillStyle = data.centred ? '#ffffff' : paper;
  to.fillRect(0, 0, drawing.width, drawing.height);
  to.drawImage(image, (drawing.width - w) / 2, (drawing.height - h) / 2, w, h);
  image.close();
  if (!data.centred) return;
  const seen = to.getImageData(0, 0, drawing.width, drawing.height);
  // The border tells what is paper.
  let [light, n] = [0, 0];
  for (let x = 0; x < seen.width; x++)
    for (const y of [0, seen.height - 1]) {
      light += seen.data[4 * (y * seen.width + x)];
      n++;
    }
  if (light / n < 128) return;
  for (let i = 0; i < seen.data.length; i++) if (i % 4 < 3) seen.data[i] = 255 - seen.data[i];
  to.putImageData(seen, 0, 0);
}

/** Raw values with the noise of a denoising model, drawn by a fixed seed, as `gargalo.models.corrupt` does; but the salt
 * and pepper of a row of numbers lie three standard deviations from the mean, where it takes a batch's extremes, and a
 * category is either there or missing: half of one can only be in model space. */
export function corrupted(raw: Raw, kind: 'gaussian' | 'salt-and-pepper' | 'masking', strength: number, data: Data): Raw {
  if (strength === 0) return raw;
  const most = data.dtype === 'uint8' ? 255 : 1;
  const uniform = uniforms(0);
  const normal = normals(uniform);
  const isImage = data.kind !== 'row';
  return raw.map((value: number, j: number) => {
    if (kind === 'gaussian' && data.columns[j]?.kind !== 'category') {
      // Rows of numbers are spoiled in the unit of their column.
      const spoiled = value + strength * normal() * (isImage ? most : (data.deviation?.[j] ?? 1));
      return isImage ? Math.max(0, Math.min(most, most === 255 ? Math.round(spoiled) : spoiled)) : spoiled;
    }
    const chance = uniform();
    if (data.columns[j]?.kind === 'category') return kind === 'masking' && chance < strength ? NaN : value;
    const [low, middle, high] = isImage ? [0, 0, most] : [-3, 0, 3].map((n) => (data.center?.[j] ?? 0) + n * (data.deviation?.[j] ?? 1));
    if (kind === 'masking') return chance < strength ? middle : value;
    return chance > 1 - strength / 2 ? low : chance < strength / 2 ? high : value;
  });
}
