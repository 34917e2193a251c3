/** Pictures of examples on sprite sheets, each sheet loaded when one of its pictures is first wanted. */

import { signal } from '@preact/signals';
import { fetchFile, type SheetsRef } from '../site';
import { report } from '../state/view';

/** On which sheet the picture of example i is, and where: sheets are filled row by row, one after the other. */
export function spot({ each, columns, width, height }: SheetsRef, i: number): { sheet: number; left: number; top: number } {
  const place = i % each;
  return { sheet: Math.floor(i / each), left: (place % columns) * width, top: Math.floor(place / columns) * height };
}

export class Sheets {
  /** Grows with every sheet that has come: what was drawn without it is drawn again. */
  readonly arrived = signal(0);
  private readonly images = new Map<number, ImageBitmap | null>();

  constructor(
    readonly ref: SheetsRef,
    readonly n: number,
  ) {}

  /** Draw the picture of example i; false where its sheet is still on its way. */
  draw(context: CanvasRenderingContext2D, i: number, x: number, y: number, width: number, height: number): boolean {
    const { sheet, left, top } = spot(this.ref, i);
    void this.arrived.value; // read, so that an effect that draws is run again
    const image = this.sheet(sheet);
    if (!image) return false;
    context.imageSmoothingEnabled = false;
    context.drawImage(image, left, top, this.ref.width, this.ref.height, x, y, width, height);
    return true;
  }

  /** The pixels of example i as RGBA, once they are there. */
  async pixels(i: number): Promise<ImageData> {
    await this.load(spot(this.ref, i).sheet);
    const { width, height } = this.ref;
    const context = new OffscreenCanvas(width, height).getContext('2d')!;
    this.draw(context as unknown as CanvasRenderingContext2D, i, 0, 0, width, height);
    return context.getImageData(0, 0, width, height);
  }

  private sheet(s: number): ImageBitmap | null {
    const found = this.images.get(s);
    if (found === undefined) this.load(s).catch(report);
    return found ?? null;
  }

  private async load(s: number): Promise<void> {
    if (this.images.get(s)) return;
    this.images.set(s, null);
    try {
      const content = await fetchFile(this.ref.files[s]);
      this.images.set(s, await createImageBitmap(new Blob([content], { type: 'image/png' })));
    } catch (error) {
      // Told once; tried again when it is wanted at another time.
      setTimeout(() => this.images.delete(s), 5000);
      throw error;
    }
    this.arrived.value++;
  }
}
