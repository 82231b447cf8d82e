// Prints what c2pa-ts, an implementation of its own, says of each file.
import { readFileSync } from 'node:fs';
import { BMFF, JPEG, PNG } from '@trustnxt/c2pa-ts/asset';
import { SuperBox } from '@trustnxt/c2pa-ts/jumbf';
import { ManifestStore } from '@trustnxt/c2pa-ts/manifest';

// It hashes the boxes of any such file, but by itself only takes those of pictures.
BMFF.canReadBrands.add('isom');

for (const file of process.argv.slice(2)) {
  let said;
  try {
    const bytes = new Uint8Array(readFileSync(file));
    const kind = [JPEG, PNG, BMFF].find(one => one.canRead(bytes));
    const asset = new kind(bytes);
    const store = ManifestStore.read(SuperBox.fromBuffer(asset.getManifestJUMBF()));
    const result = await store.validate(asset);
    const failures = result.statusEntries.filter(one => !one.success).map(one => one.code);
    said = [result.isValid ? 'Valid' : 'Invalid', ...failures].join(' ');
  } catch (e) {
    said = String(e).split('\n')[0];
  }
  console.log(`${file} ${said}`);
}
