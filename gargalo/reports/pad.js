"use strict";
/* The live pad: a pointer on the map is a latent z; the decoder's answer is drawn beside it.
   The decoder is a few matrix products over weights that travel in the page as float16. */

function half(bits) {
  const sign = bits & 0x8000 ? -1 : 1, exponent = (bits >> 10) & 31, fraction = bits & 1023;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function unpack(base64) {
  const text = atob(base64), out = new Float32Array(text.length / 2);
  for (let i = 0; i < out.length; i++)
    out[i] = half(text.charCodeAt(2 * i) | (text.charCodeAt(2 * i + 1) << 8));
  return out;
}

const sigmoid = (v) => 1 / (1 + Math.exp(-v));
const activations = {
  "": (v) => v,
  sigmoid,
  clipped: (v) => Math.min(1, Math.max(0, v)),
  relu: (v) => (v > 0 ? v : 0),
  silu: (v) => v * sigmoid(v),
  tanh: Math.tanh,
  gelu: (v) => 0.5 * v * (1 + erf(v / Math.SQRT2)),
};

function erf(v) { // Abramowitz and Stegun 7.1.26: good to 1.5e-7
  const t = 1 / (1 + 0.3275911 * Math.abs(v));
  const p = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  return Math.sign(v) * (1 - p * Math.exp(-v * v));
}

function decoder(model) {
  const weights = unpack(model.weights), act = activations[model.activation], last = activations[model.output];
  const direct = unpack(model.direct), numbers = model.layers[0][0];
  return function decode(z) {
    let input = z, at = 0;
    model.layers.forEach(([width, height], index) => {
      const output = new Float32Array(height), bias = at + width * height;
      const isLast = index === model.layers.length - 1, f = isLast ? last : act;
      for (let row = 0; row < height; row++) {
        let sum = weights[bias + row];
        for (let column = 0; column < width; column++) sum += weights[at + row * width + column] * input[column];
        if (isLast && direct.length)
          for (let k = 0; k < numbers; k++) sum += direct[row * numbers + k] * z[k];
        output[row] = f(sum);
      }
      at = bias + height;
      input = output;
    });
    return input;
  };
}

function pad(figure, model) {
  const map = figure.querySelector(".pad-map"), picture = figure.querySelector(".pad-picture");
  const readout = figure.querySelector("output"), decode = decoder(model);
  const [channels, height, width] = model.shape, comma = document.documentElement.lang.startsWith("pt");
  const side = map.width, middle = [0, 1].map((k) => range(k)[0]), reach = Math.max(range(0)[1], range(1)[1]);
  picture.width = width;
  picture.height = height;

  function range(k) { // centre and half-width that hold 99 % of the data
    const sorted = model.points.map((p) => p[k]).sort((a, b) => a - b), n = sorted.length - 1;
    const low = sorted[Math.floor(0.005 * n)], high = sorted[Math.ceil(0.995 * n)];
    return [(low + high) / 2, ((high - low) / 2) * 1.08 || 1];
  }
  const toPixel = (z) => [((z[0] - middle[0]) / reach + 1) * side / 2, (1 - (z[1] - middle[1]) / reach) * side / 2];
  const toLatent = (x, y) => [(2 * x / side - 1) * reach + middle[0], (1 - 2 * y / side) * reach + middle[1]];

  const cloud = document.createElement("canvas");
  cloud.width = cloud.height = side;
  const ink = cloud.getContext("2d");
  ink.globalAlpha = 0.7;
  model.points.forEach((p, i) => {
    const [x, y] = toPixel(p);
    ink.fillStyle = model.colours[model.labels[i] % model.colours.length];
    ink.beginPath();
    ink.arc(x, y, side / 160, 0, 7);
    ink.fill();
  });
  ink.globalAlpha = 1;
  ink.font = `bold ${side / 24}px sans-serif`;
  ink.textAlign = "center";
  ink.textBaseline = "middle";
  ink.lineWidth = side / 100;
  ink.strokeStyle = "white";
  ink.fillStyle = "#1d2433";
  const groups = model.names.map((name, label) => [name, model.points.filter((_, i) => model.labels[i] === label)]);
  // More names than twelve would hide the map: those of the largest groups are shown.
  groups.sort((a, b) => b[1].length - a[1].length).slice(0, 12).forEach(([name, own]) => {
    if (!own.length || !name) return;
    const centre = [0, 1].map((k) => own.map((p) => p[k]).sort((a, b) => a - b)[own.length >> 1]);
    const [x, y] = toPixel(centre);
    ink.strokeText(name.slice(0, 14), x, y);
    ink.fillText(name.slice(0, 14), x, y);
  });

  function go(z) {
    const out = decode(z), context = picture.getContext("2d"), image = context.createImageData(width, height);
    for (let i = 0; i < width * height; i++) {
      for (let c = 0; c < 3; c++) image.data[4 * i + c] = Math.round(255 * out[(channels < 3 ? 0 : c) * width * height + i]);
      image.data[4 * i + 3] = 255;
    }
    context.putImageData(image, 0, 0);
    const paint = map.getContext("2d"), [x, y] = toPixel(z);
    paint.clearRect(0, 0, side, side);
    paint.drawImage(cloud, 0, 0);
    for (const [colour, thick] of [["white", 6], ["#1d2433", 2.5]]) {
      paint.strokeStyle = colour;
      paint.lineWidth = thick;
      paint.beginPath();
      paint.arc(x, y, side / 36, 0, 7);
      paint.stroke();
    }
    const text = z.map((v) => v.toFixed(2)).join(comma ? "; " : ", ");
    readout.value = `z = (${comma ? text.replaceAll(".", ",") : text})`;
    figure.z = z;
    figure.decoded = out;
  }

  const follow = (event) => {
    const box = map.getBoundingClientRect();
    go(toLatent((event.clientX - box.left) * side / box.width, (event.clientY - box.top) * side / box.height));
  };
  map.addEventListener("pointermove", follow);
  map.addEventListener("pointerdown", follow);
  map.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (!step) return;
    event.preventDefault();
    const clamp = (k) => Math.min(middle[k] + reach, Math.max(middle[k] - reach, figure.z[k] + step[k] * reach / 25));
    go([clamp(0), clamp(1)]);
  });
  go(model.points[0]);
}

document.querySelectorAll(".pad").forEach((figure) =>
  pad(figure, JSON.parse(figure.querySelector("script").textContent)));
