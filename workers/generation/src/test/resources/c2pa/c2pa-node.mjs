// Prints what the C2PA project's own library, c2pa-rs, says of each file.
import { readFileSync } from 'node:fs';
import { Reader } from '@contentauth/c2pa-node';

const types = {
  mp4: 'video/mp4', png: 'image/png', apng: 'image/png', jpeg: 'image/jpeg', gif: 'image/gif',
  webp: 'image/webp',
};
for (const file of process.argv.slice(2)) {
  let said;
  try {
    const mimeType = types[file.split('.').pop()];
    const found = await Reader.fromAsset({ buffer: readFileSync(file), mimeType });
    const { validation_state, validation_results } = found.json();
    const failures = (validation_results?.activeManifest?.failure ?? []).map(one => one.code);
    said = [validation_state, ...failures].join(' ');
  } catch (e) {
    said = String(e).split('\n')[0];
  }
  console.log(`${file} ${said}`);
}
