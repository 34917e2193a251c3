/** The models of a run, run here: ONNX files by onnxruntime-web, loaded when something is first asked of them. */

import type { InferenceSession, Tensor } from 'onnxruntime-web/wasm';
import wasm from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url';
import { Problem, fetchFile, type Data, type FileRef, type RunRef } from './site';
import type { Rows } from './space';

/** Raw examples as the data have them: bytes of pictures, or floats. */
export type Raw = Uint8Array | Float32Array;

type Ort = typeof import('onnxruntime-web/wasm');
let runtime: Promise<Ort> | null = null;

/** onnxruntime-web, in one thread: static hosts isolate nothing, which threads would need. */
function ort(): Promise<Ort> {
  runtime ??= (async () => {
    if (typeof WebAssembly === 'undefined') throw new Problem('problem.wasm');
    const loaded = await import('onnxruntime-web/wasm');
    const answer = await fetch(wasm).catch(() => null);
    if (!answer?.ok) throw new Problem('problem.missing', { file: 'assets/' + wasm.split('/').pop() });
    loaded.env.wasm.numThreads = 1;
    loaded.env.wasm.proxy = false;
    loaded.env.wasm.wasmBinary = await answer.arrayBuffer();
    return loaded;
  })();
  runtime.catch(() => (runtime = null));
  return runtime;
}

const sessions = new Map<string, Promise<InferenceSession>>();

function session(ref: FileRef): Promise<InferenceSession> {
  let found = sessions.get(ref.file);
  if (!found) {
    found = Promise.all([ort(), fetchFile(ref)]).then(async ([{ InferenceSession }, content]) => {
      try {
        return await InferenceSession.create(new Uint8Array(content), { executionProviders: ['wasm'] });
      } catch (error) {
        throw new Problem('problem.model', { file: ref.file, why: String(error).slice(0, 200) });
      }
    });
    sessions.set(ref.file, found);
    found.catch(() => sessions.delete(ref.file));
  }
  return found;
}

/** One thing at a time: a session that runs cannot be asked again. */
let queue: Promise<unknown> = Promise.resolve();

function inTurn<T>(act: () => Promise<T>): Promise<T> {
  const done = queue.then(act, act);
  queue = done.catch(() => undefined);
  return done;
}

/** What a network puts out for one input, by name. */
async function ask(ref: FileRef, feeds: (ort: Ort) => Record<string, Tensor>, wanted: string): Promise<Tensor> {
  const [loaded, ready] = await Promise.all([ort(), session(ref)]);
  return inTurn(async () => (await ready.run(feeds(loaded), [wanted]))[wanted]);
}

/** Raw examples, one after the other, as a tensor. */
function tensor(data: Data, raw: Raw, { Tensor }: Ort): Tensor {
  const dims = [raw.length / data.shape.reduce((a, b) => a * b, 1), ...data.shape];
  if (data.dtype === 'uint8') return new Tensor('uint8', raw as Uint8Array, dims);
  return new Tensor('float32', raw as Float32Array, dims);
}

/** Raw examples to latents, by an encoder of these data. */
export async function encoded(ref: FileRef, data: Data, raw: Raw): Promise<Rows> {
  const z = await ask(ref, (ort) => ({ raw: tensor(data, raw, ort) }), 'z');
  return { values: z.data as Float32Array, n: z.dims[0], d: z.dims[1] };
}

/** The models of one run. */
export class Network {
  constructor(
    readonly run: RunRef,
    readonly data: Data,
  ) {}

  can(verb: 'encode' | 'decode' | 'classify' | 'reconstruct'): boolean {
    return verb in this.run.networks || (verb === 'reconstruct' && this.can('encode') && this.can('decode'));
  }

  private ref(verb: keyof RunRef['networks']): FileRef {
    const ref = this.run.networks[verb];
    if (!ref) throw new Error(`${this.run.name} cannot ${verb}`);
    return ref;
  }

  /** Raw examples, one after the other, to latents. */
  encode(raw: Raw): Promise<Rows> {
    return encoded(this.ref('encode'), this.data, raw);
  }

  /** Latents to raw examples, or with "x" to model space; `labels` are (n, classes) where they are a condition. */
  async decode(z: Rows, labels: Float32Array | null = null, wanted: 'raw' | 'x' = 'raw'): Promise<Raw> {
    const found = await ask(
      this.ref('decode'),
      ({ Tensor }) => ({
        z: new Tensor('float32', z.values, [z.n, z.d]),
        ...(labels && { y: new Tensor('float32', labels, [z.n, labels.length / z.n]) }),
      }),
      wanted,
    );
    return found.data as Raw;
  }

  /** Raw examples through the bottleneck and back. */
  async reconstruct(raw: Raw, labels: Float32Array | null = null): Promise<Raw> {
    if (!this.run.networks.reconstruct) return this.decode(await this.encode(raw), labels);
    return (await ask(this.ref('reconstruct'), (ort) => ({ raw: tensor(this.data, raw, ort) }), 'raw_out')).data as Raw;
  }

  /** Raw examples to class probabilities (n, classes). */
  async classify(raw: Raw): Promise<Float32Array> {
    const found = await ask(this.ref('classify'), (ort) => ({ raw: tensor(this.data, raw, ort) }), 'probabilities');
    return found.data as Float32Array;
  }
}
