// sharp, one picture per core.   usage: sharp.js thumb|web|full OUT_DIR FILE...
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const sharp = require("sharp");

sharp.concurrency(1); // a picture per core beats a core's share of every picture
sharp.cache(false);

const inside = (edge, more) => [edge, edge, { fit: "inside", withoutEnlargement: true, ...more }];
const works = {
  thumb: (picture) => picture.resize(...inside(1024)).jpeg({ quality: 85 }),
  web: (picture) => picture.resize(...inside(2048, { fastShrinkOnLoad: false })).sharpen({ sigma: 1 }).jpeg({ quality: 85 }),
  full: (picture) => picture.blur(3).grayscale().jpeg({ quality: 90 }),
};

async function main() {
  const [work, out, ...files] = process.argv.slice(2);
  fs.mkdirSync(out, { recursive: true });
  const lane = async () => {
    for (let file = files.pop(); file; file = files.pop()) {
      await works[work](sharp(file).rotate()).toFile(path.join(out, path.parse(file).name + ".jpg"));
    }
  };
  await Promise.all(os.cpus().map(lane));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
