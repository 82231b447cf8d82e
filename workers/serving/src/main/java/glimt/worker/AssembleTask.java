package glimt.worker;

import glimt.generation.Modalities;
import glimt.job.Plan;
import glimt.job.Product;
import glimt.job.Product.Role;
import glimt.job.Task;
import glimt.job.Work;
import glimt.model.Level;
import glimt.pipeline.Modality.Seen;
import glimt.pipeline.Mosaic;
import glimt.safety.c2pa.Provenance;
import glimt.safety.c2pa.Sidecar;
import glimt.safety.c2pa.SignedFile;
import glimt.safety.c2pa.Signer;
import glimt.worker.Stopwatch.Lap;
import glimt.worker.Stopwatch.Phase;
import java.nio.FloatBuffer;
import java.util.List;

/** An assemble task: blends a level's pieces, and writes its media file, marked and signed. */
record AssembleTask(
    Generation generation,
    Task task,
    Work.Assemble work,
    LoadedBundle bundle,
    Attempt attempt,
    FilterGate gate) {

  /** How many values are blended at once: some 20 MB of sums, weights and means. */
  private static final int SLAB = 1 << 20;

  List<Product> products() throws InterruptedException {
    try (Lap _ = attempt.in(Phase.WRITE)) {
      return written();
    }
  }

  private List<Product> written() throws InterruptedException {
    Level level = Generation.level(task, bundle, null).seenAt(work.extents());
    Level seen = level.seenLevel();
    Mosaic mosaic = Mosaic.of(seen);
    List<Mosaic.Fragment> pieces = generation.pieces(level.seenSegments(), task.inputs(Plan.PIECE));
    long[] shape = mosaic.shape(mosaic.whole());
    Product sample =
        generation.tensors().sample(shape, mosaic.slabs(SLAB), slab -> mosaic.blend(slab, pieces));
    FloatBuffer whole = generation.tensors().sample(sample.artifact().id()).values();
    Seen shown = new Seen(bundle.card(), seen, whole, shape, work.enlargement());
    gate.output(shown);
    // The sample stays as it is, so that a level that begins with it sees no mark.
    String watermark = task.spec().watermark();
    Integer mark = watermark == null ? null : (Integer) Integer.parseUnsignedInt(watermark, 16);
    byte[] file =
        Modalities.of(bundle.card().kind())
            .file(shown, task.spec().format(), mark, generation.ffmpeg());
    return signed(sample, file);
  }

  /** Returns the products of a level: its sample, its file, and what the file is signed with. */
  private List<Product> signed(Product sample, byte[] file) {
    String type = task.spec().format().mediaType();
    Signer signer = generation.signer();
    if (signer == null) {
      return List.of(sample, new Product(Role.MEDIA, generation.artifacts().put(type, file)));
    }
    Provenance provenance = Provenance.of(task, bundle.card(), generation.numericClass());
    if (!Sidecar.suits(file)) {
      byte[] whole = SignedFile.of(file, provenance, signer);
      return List.of(sample, new Product(Role.MEDIA, generation.artifacts().put(type, whole)));
    }
    byte[] credentials = Sidecar.of(file, provenance, signer);
    return List.of(
        sample,
        new Product(Role.MEDIA, generation.artifacts().put(type, file)),
        new Product(
            Role.CREDENTIALS, generation.artifacts().put(Product.CREDENTIALS_TYPE, credentials)));
  }
}
