// Prints what the C2PA project's own library, c2pa-rs, says of each file.
import { existsSync, readFileSync } from 'node:fs';
import { Reader } from '@contentauth/c2pa-node';

const types = {
  mp4: 'video/mp4', png: 'image/png', apng: 'image/png', jpeg: 'image/jpeg', gif: 'image/gif',
  webp: 'image/webp',
};
// It knows no format of these; but for a manifest beside a file, every one will do.
const bytes = 'application/octet-stream';
for (const file of process.argv.slice(2)) {
  let said;
  try {
    const asset = { buffer: readFileSync(file), mimeType: types[file.split('.').pop()] ?? bytes };
    const found = existsSync(file + '.c2pa')
      ? await Reader.fromManifestDataAndAsset(readFileSync(file + '.c2pa'), asset)
      : await Reader.fromAsset(asset);
    const { validation_state, validation_results } = found.json();
    const failures = (validation_results?.activeManifest?.failure ?? []).map(one => one.code);
    said = [validation_state, ...failures].join(' ');
  } catch (e) {
    said = String(e).split('\n')[0];
  }
  console.log(`${file} ${said}`);
}
