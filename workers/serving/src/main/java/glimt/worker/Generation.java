package glimt.worker;

import ai.djl.ndarray.NDManager;
import glimt.artifact.Artifacts;
import glimt.job.ArtifactId;
import glimt.job.InvalidSpec;
import glimt.job.Outcome;
import glimt.job.Plan;
import glimt.job.Product;
import glimt.job.Task;
import glimt.job.Work;
import glimt.media.Ffmpeg;
import glimt.model.Codec;
import glimt.model.Level;
import glimt.model.Segment;
import glimt.pipeline.LatentDecoder.SeenBelow;
import glimt.pipeline.Mosaic;
import glimt.safety.c2pa.Signer;
import glimt.safety.filter.ContentFilter;
import glimt.safety.filter.FilterStop;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Does tasks with bundles of networks. An encode task runs an encoder on a text, a sample task
 * denoises one segment, a decode task decodes a piece of a latent, and an assemble task blends a
 * level's pieces and writes its media file.
 *
 * @param bundles the installed bundles by name
 * @param artifacts the store of inputs and results
 * @param ffmpeg writes the formats that the JDK cannot
 * @param manager owns the native memory of all tensors
 * @param numericClass what the bits of a result depend on besides card, spec and networks
 * @param loaded returns the digests of the weights that are on the device now
 * @param signer signs media files with how they were made; null to leave them unsigned
 * @param filter decides whether what a job begins with and what it made may pass
 */
public record Generation(
    Map<String, LoadedBundle> bundles,
    Artifacts artifacts,
    Ffmpeg ffmpeg,
    NDManager manager,
    String numericClass,
    Supplier<List<String>> loaded,
    @Nullable Signer signer,
    ContentFilter filter)
    implements Maker {

  /** Makes files that are not signed and that no filter sees. */
  public Generation(
      Map<String, LoadedBundle> bundles,
      Artifacts artifacts,
      Ffmpeg ffmpeg,
      NDManager manager,
      String numericClass,
      Supplier<List<String>> loaded) {
    this(bundles, artifacts, ffmpeg, manager, numericClass, loaded, null, ContentFilter.OFF);
  }

  @Override
  public List<String> warm() {
    return loaded.get();
  }

  @Override
  public Outcome make(Task task, Attempt attempt) throws InterruptedException {
    LoadedBundle bundle = bundle(task);
    List<String> warnings = new ArrayList<>();
    FilterGate gate = new FilterGate(filter, task);
    try {
      List<Product> products =
          switch (task.work()) {
            case Work.Encode encode ->
                new EncodeTask(this, task, encode, bundle, attempt, warnings::add).products();
            case Work.Sample sample ->
                List.of(
                    new SampleTask(this, task, sample, bundle, attempt, gate, warnings::add)
                        .product());
            case Work.Decode decode ->
                List.of(new DecodeTask(this, task, decode, bundle, attempt).product());
            case Work.Assemble assemble ->
                new AssembleTask(this, task, assemble, bundle, attempt, gate).products();
          };
      CrashPoint.AFTER_ARTIFACT.reached();
      return new Outcome.Succeeded(products, warnings, gate.decisions());
    } catch (FilterStop stop) {
      return new Outcome.Blocked(stop.decision());
    }
  }

  private LoadedBundle bundle(Task task) {
    LoadedBundle bundle = bundles.get(task.spec().model());
    if (bundle == null || !bundle.serves(task.card())) {
      throw new InvalidSpec(
          "model",
          "this worker has no bundle %s with the card %s; the job was planned with another version of it"
              .formatted(task.spec().model(), task.card()));
    }
    return bundle.with(task.spec().chosenLoras());
  }

  StoredTensors tensors() {
    return new StoredTensors(artifacts);
  }

  /** Returns the task's level at the job's quality and size. */
  static Level level(Task task, LoadedBundle bundle, @Nullable List<Integer> extents) {
    Level level = bundle.card().level(task.work().level()).at(task.spec().sampling().quality());
    return extents == null ? level : level.sized(extents);
  }

  /** Returns what a decoder reads of the level below; null if it reads nothing of it. */
  @Nullable SeenBelow below(Task task, @Nullable Codec codec) {
    if (codec == null || !codec.readsBelow()) {
      return null;
    }
    StoredTensors.Stored stored = tensors().sample(task.inputs(Plan.BELOW).getFirst());
    float[] values = new float[stored.values().remaining()];
    stored.values().duplicate().get(values);
    return new SeenBelow(values, stored.shape());
  }

  List<Mosaic.Fragment> pieces(List<Segment> segments, List<ArtifactId> inputs) {
    if (segments.size() != inputs.size()) {
      throw new IllegalArgumentException(
          "the level has %s pieces, but the task has %s inputs"
              .formatted(segments.size(), inputs.size()));
    }
    List<Mosaic.Fragment> pieces = new ArrayList<>();
    for (int i = 0; i < segments.size(); i++) {
      pieces.add(new Mosaic.Fragment(segments.get(i), tensors().sample(inputs.get(i)).values()));
    }
    return pieces;
  }
}
