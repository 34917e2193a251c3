/** Examples and what a model puts out, painted: pictures as they are, rows of numbers as bars, windows of a log as lines. */

import type { Examples } from '../loaded';
import type { Raw } from '../network';
import type { Data, Site } from '../site';
import { row } from '../space';

type Pen = CanvasRenderingContext2D;

const BAR = { up: '#2f7fc4', down: '#d9640a', none: '#8a919e', paper: '#8a919e24' };

/** How everything of one site is painted. */
export class Painter {
  /** Pixels of one picture, before it is enlarged. */
  readonly width: number;
  readonly height: number;
  readonly size: number;
  /** What one picture is: the example itself, or the slice of a volume. */
  private readonly pictured: Data;
  /** Are rows of numbers seen as bars or lines, and not as pictures that stand for them? */
  readonly hasBars: boolean;

  constructor(
    readonly site: Site,
    readonly examples: Examples | null,
  ) {
    const { data } = site;
    const sheets = examples?.sheets?.ref;
    this.pictured = data.kind === 'volume' ? { ...data, shape: data.shape.slice(1) } : data;
    this.size = data.shape.reduce((a, b) => a * b, 1);
    this.hasBars = data.kind === 'row' && !sheets;
    if (this.hasBars && data.channels)
      [this.width, this.height] = [Math.min(200, Math.max(80, (2 * this.size) / data.channels.length)), 60];
    else if (this.hasBars) [this.width, this.height] = [Math.min(240, Math.max(40, 4 * data.shape[0])), 40];
    else if (data.kind !== 'row') [this.height, this.width] = this.pictured.shape;
    else [this.width, this.height] = [sheets!.width, sheets!.height];
  }

  /** Between two side by side. */
  get gap(): number {
    return this.hasBars ? 6 : 1;
  }

  /** How many stand side by side where `usual` square pictures would: bars of many columns are wide. */
  columns(usual: number): number {
    return Math.max(1, Math.min(usual, Math.round((usual * this.height) / this.width)));
  }

  /** Can examples be seen at all? */
  get showsExamples(): boolean {
    return Boolean(this.examples?.sheets ?? this.examples?.rows);
  }

  /** Example i; false where its picture is not here yet. */
  example(pen: Pen, i: number, x: number, y: number, w: number, h: number): boolean {
    if (this.examples?.sheets) return this.examples.sheets.draw(pen, i, x, y, w, h);
    if (!this.examples?.rows) return false;
    this.bars(pen, row(this.examples.rows, i), x, y, w, h);
    return true;
  }

  /** The k-th of raw examples that a model put out. */
  raw(pen: Pen, raw: Raw, k: number, x: number, y: number, w: number, h: number): void {
    const values = raw.subarray(k * this.size, (k + 1) * this.size);
    const { data } = this.site;
    if (data.kind !== 'row') {
      const slice = this.size / (data.kind === 'volume' ? data.shape[0] : 1);
      const start = data.kind === 'volume' ? Math.floor(data.shape[0] / 2) * slice : 0;
      const small = new OffscreenCanvas(this.width, this.height);
      small.getContext('2d')!.putImageData(rgba(values.subarray(start, start + slice), this.pictured), 0, 0);
      pen.imageSmoothingEnabled = false;
      pen.drawImage(small, x, y, w, h);
    } else if (this.hasBars || !this.examples?.rows) this.bars(pen, values, x, y, w, h);
    else this.example(pen, this.nearestRow(values), x, y, w, h);
  }

  /** A value of column j as the number of standard deviations from its mean. */
  standard(value: number, j: number): number {
    const { center, deviation } = this.site.data;
    return center && deviation ? (value - center[j]) / (deviation[j] || 1) : value;
  }

  /** Where a value of column j stands in a box from y on and h high: 3 standard deviations are its edge. */
  private level(value: number, j: number, y: number, h: number): number {
    const away = Math.max(-3, Math.min(3, this.standard(value, j)));
    return y + h / 2 - (away / 3) * (h / 2 - 1);
  }

  /** The colour of a channel. */
  colour(channel: number): string {
    return this.site.palette[channel % this.site.palette.length];
  }

  private lines(pen: Pen, values: ArrayLike<number>, channels: number, x: number, y: number, w: number, h: number): void {
    const last = values.length / channels - 1;
    pen.lineWidth = Math.max(1, h / 60);
    for (let channel = 0; channel < channels; channel++) {
      pen.strokeStyle = this.colour(channel);
      pen.beginPath();
      let isOn = false;
      for (let t = 0; t <= last; t++) {
        const j = t * channels + channel;
        // What is missing is a gap.
        if (Number.isNaN(values[j])) isOn = false;
        else {
          pen[isOn ? 'lineTo' : 'moveTo'](x + (last ? t / last : 0.5) * w, this.level(values[j], j, y, h));
          isOn = true;
        }
      }
      pen.stroke();
    }
  }

  private bars(pen: Pen, values: ArrayLike<number>, x: number, y: number, w: number, h: number): void {
    const [n, middle, { channels }] = [values.length, y + h / 2, this.site.data];
    pen.fillStyle = BAR.paper;
    pen.fillRect(x, y, w, h);
    pen.fillStyle = BAR.none;
    pen.fillRect(x, middle - 0.5, w, 1);
    if (channels) return this.lines(pen, values, channels.length, x, y, w, h);
    for (let j = 0; j < n; j++) {
      const away = Math.max(-3, Math.min(3, this.standard(values[j], j) || 0));
      pen.fillStyle = away > 0 ? BAR.up : BAR.down;
      pen.fillRect(x + (j * w) / n, middle, Math.max(0.5, (w / n) * 0.8), (-away / 3) * (h / 2 - 1));
    }
  }

  /** The example whose numbers are nearest, each column in its own unit. */
  private nearestRow(values: ArrayLike<number>): number {
    const rows = this.examples!.rows!;
    let [best, least] = [0, Infinity];
    for (let i = 0; i < rows.n; i++) {
      let square = 0;
      for (let j = 0; j < rows.d && square < least; j++)
        square += ((rows.values[i * rows.d + j] - values[j]) / (this.site.data.deviation?.[j] || 1)) ** 2;
      if (square < least) [best, least] = [i, square];
    }
    return best;
  }
}

/** Raw values of one picture as RGBA. Of channels that are neither three nor four the first is shown, as grey. */
export function rgba(values: ArrayLike<number>, data: Data): ImageData {
  const [height, width, channels = 1] = data.shape;
  const scale = data.dtype === 'uint8' ? 1 : 255;
  const image = new ImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < 3; c++) image.data[4 * i + c] = values[i * channels + (channels >= 3 ? c : 0)] * scale;
    image.data[4 * i + 3] = channels === 4 ? values[i * channels + 3] * scale : 255;
  }
  return image;
}

/** RGBA as raw values of one picture. */
export function rawOf(image: ImageData, data: Data): Raw {
  const [height, width, channels = 1] = data.shape;
  const is_byte = data.dtype === 'uint8';
  const raw = is_byte ? new Uint8Array(width * height * channels) : new Float32Array(width * height * channels);
  for (let i = 0; i < width * height; i++) {
    const [r, g, b, a] = image.data.subarray(4 * i, 4 * i + 4);
    const grey = r === g && g === b ? r : 0.299 * r + 0.587 * g + 0.114 * b;
    for (let c = 0; c < channels; c++) {
      const value = channels >= 3 ? ([r, g, b, a][c] ?? 0) : c === 0 ? grey : 0;
      raw[i * channels + c] = is_byte ? Math.round(value) : value / 255;
    }
  }
  return raw;
}
