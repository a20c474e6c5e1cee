// sharp, one picture per core.   usage: sharp.js WORK OUT_DIR FILE...
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const sharp = require("sharp");

sharp.concurrency(1); // a picture per core beats a core's share of every picture
sharp.cache(false);

const inside = (edge, more) => [edge, edge, { fit: "inside", withoutEnlargement: true, ...more }];
const luma = [0.2126, 0.7152, 0.0722];
const saturated = (factor) =>
  luma.map((_, y) => luma.map((weight, x) => (1 - factor) * weight + (x === y ? factor : 0)));
const works = {
  thumb: (picture) => picture.resize(...inside(1024)).jpeg({ quality: 85 }),
  web: (picture) => picture.resize(...inside(2048, { fastShrinkOnLoad: false })).sharpen({ sigma: 1 }).jpeg({ quality: 85 }),
  full: (picture) => picture.blur(3).grayscale().jpeg({ quality: 90 }),
  grade: (picture) => picture.linear(1.1, -5).recomb(saturated(1.2)).sharpen({ sigma: 1 }).jpeg({ quality: 90 }),
  // No chain of eight: it has an order of its own.
  "png-webp": (picture) => picture.webp({ quality: 80 }),
  "png-png": (picture) => picture.resize(...inside(2048)).png({ compressionLevel: 3, adaptiveFiltering: true }),
};
const suffixes = { "png-webp": ".webp", "png-png": ".png" };

// Clones share one decoder, which delivers each of them the whole image.
const outputs = async (file, target) => {
  const decoded = sharp(file).rotate();
  const sizes = [2048, 1024, 320];
  const saved = sizes.map((size) => decoded.clone().resize(...inside(size)).jpeg({ quality: 85 }).toFile(`${target}-${size}.jpg`));
  await Promise.all(saved);
};

async function main() {
  const [work, out, ...files] = process.argv.slice(2);
  if (!works[work] && work !== "outputs") process.exit(3);
  fs.mkdirSync(out, { recursive: true });
  const lane = async () => {
    for (let file = files.pop(); file; file = files.pop()) {
      if (work === "outputs") {
        await outputs(file, path.join(out, path.parse(file).name));
        continue;
      }
      await works[work](sharp(file).rotate()).toFile(path.join(out, path.parse(file).name + (suffixes[work] ?? ".jpg")));
    }
  };
  await Promise.all(os.cpus().map(lane));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
