package glimt.worker;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import glimt.artifact.Artifacts;
import glimt.bundle.BundleException;
import glimt.bundle.Network;
import glimt.bundle.Safetensors;
import glimt.diffusion.Noise;
import glimt.diffusion.Region;
import glimt.diffusion.Waypoint;
import glimt.generation.Modalities;
import glimt.job.ArtifactId;
import glimt.job.Checkpoint;
import glimt.job.InvalidSpec;
import glimt.job.Outcome;
import glimt.job.Plan;
import glimt.job.Product;
import glimt.job.Product.Role;
import glimt.job.Task;
import glimt.job.Work;
import glimt.media.Ffmpeg;
import glimt.model.BundleCard;
import glimt.model.Codec;
import glimt.model.Encoder;
import glimt.model.Level;
import glimt.model.Port;
import glimt.model.Segment;
import glimt.pipeline.Cascade;
import glimt.pipeline.Draft;
import glimt.pipeline.KeptFrame;
import glimt.pipeline.LatentDecoder;
import glimt.pipeline.LatentDecoder.SeenBelow;
import glimt.pipeline.LevelWalk;
import glimt.pipeline.Modality;
import glimt.pipeline.Modality.Seen;
import glimt.pipeline.Mosaic;
import glimt.pipeline.Piece;
import glimt.pipeline.PromptEncoder;
import glimt.pipeline.Prompted;
import glimt.pipeline.TokenIds;
import glimt.pipeline.Understood;
import glimt.safety.c2pa.Provenance;
import glimt.safety.c2pa.Sidecar;
import glimt.safety.c2pa.SignedFile;
import glimt.safety.c2pa.Signer;
import glimt.safety.filter.ContentFilter;
import glimt.safety.filter.FilterStop;
import glimt.storage.StorageException;
import glimt.worker.Stopwatch.Lap;
import glimt.worker.Stopwatch.Phase;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

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

  private static final Logger log = LoggerFactory.getLogger(Generation.class);

  /** How many values are blended at once: some 20 MB of sums, weights and means. */
  private static final int SLAB = 1 << 20;

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
            case Work.Encode encode -> encoded(task, encode, bundle, attempt, warnings::add);
            case Work.Sample sample ->
                List.of(sampled(task, sample, bundle, attempt, gate, warnings::add));
            case Work.Decode decode -> List.of(decoded(task, decode, bundle, attempt));
            case Work.Assemble assemble -> assembled(task, assemble, bundle, attempt, gate);
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
  private static Level level(Task task, LoadedBundle bundle, @Nullable List<Integer> extents) {
    Level level = bundle.card().level(task.work().level()).at(task.spec().sampling().quality());
    return extents == null ? level : level.sized(extents);
  }

  // ---- encode

  /**
   * Encodes a text, unless an earlier task's result with the same bytes can still be read.
   *
   * @param warn is told of words that do not fit, also if the result is an earlier task's
   */
  private List<Product> encoded(
      Task task, Work.Encode work, LoadedBundle bundle, Attempt attempt, Consumer<String> warn) {
    Encoder encoder = bundle.card().encoder(work.level());
    String text = text(work, encoder, bundle, attempt, warn);
    TokenIds tokens = bundle.tokens(encoder.reader(), text);
    String called = work.text().equals(task.spec().prompt()) ? "prompt" : "negative prompt";
    tokens.warning(called, encoder.network()).ifPresent(warn);
    if (!task.known().isEmpty()
        && task.known().stream().allMatch(known -> artifacts.verify(known.artifact().id()))) {
      return task.known();
    }
    Network network;
    try (Lap _ = attempt.in(Phase.LOAD)) {
      network = bundle.network(encoder);
    }
    try (NDManager scope = manager.newSubManager();
        Lap _ = attempt.in(Phase.ENCODE)) {
      Map<String, NDArray> states = new PromptEncoder(encoder, network).encoded(scope, tokens);
      try (Lap _ = attempt.in(Phase.WRITE)) {
        return List.of(tensors().tensors(states));
      }
    }
  }

  /** Returns the text that is encoded: in the names of a lexicon, if the task asks for that. */
  private String text(
      Work.Encode work,
      Encoder encoder,
      LoadedBundle bundle,
      Attempt attempt,
      Consumer<String> warn) {
    if (work.lexicon() == null) {
      return work.text();
    }
    Understood understood =
        bundle
            .lexicon(work.lexicon())
            .read(work.text(), texts -> meanings(texts, encoder, bundle, attempt));
    understood.notes().forEach(warn);
    return understood.text();
  }

  private List<float[]> meanings(
      List<String> texts, Encoder encoder, LoadedBundle bundle, Attempt attempt) {
    Network network;
    try (Lap _ = attempt.in(Phase.LOAD)) {
      network = bundle.network(encoder);
    }
    try (Lap _ = attempt.in(Phase.ENCODE)) {
      return PromptEncoder.meanings(
          network,
          manager,
          texts.stream().map(text -> bundle.tokens(encoder.reader(), text)).toList());
    }
  }

  // ---- sample

  private Product sampled(
      Task task,
      Work.Sample work,
      LoadedBundle bundle,
      Attempt attempt,
      FilterGate gate,
      Consumer<String> warn)
      throws InterruptedException {
    BundleCard card = bundle.card();
    Level level = noised(task, level(task, bundle, work.extents()));
    Modality modality = Modalities.of(card.kind());
    Cascade cascade =
        new Cascade(
            card,
            modality,
            of -> {
              try (Lap _ = attempt.in(Phase.LOAD)) {
                return bundle.network(of);
              }
            },
            task.card() + " on " + numericClass);
    Beginning beginning = new Beginning(this, task, work, level, bundle, gate, warn);
    @Nullable Draft draft;
    @Nullable KeptFrame kept;
    try (Lap _ = attempt.in(Phase.ENCODE)) {
      draft = beginning.draft();
      kept = beginning.kept();
    }
    try (Piece piece =
        cascade.piece(
            manager,
            level,
            work.segment(),
            work.sampling(),
            task.spec().sampling().seed(),
            prompted(task, level, bundle, beginning),
            level.enlargesPicture() ? beginning.below() : inherited(task, level, card),
            draft,
            kept)) {
      return walked(task, work, piece, level, bundle, attempt, gate);
    }
  }

  /** Returns a level with the noise of the one below that the job asks for. */
  private static Level noised(Task task, Level level) {
    Integer step = task.spec().noiseLevel();
    return step == null || !level.takesAnyNoiseBelow() ? level : LevelWalk.noised(level, step);
  }

  private Cascade.@Nullable Inherited inherited(Task task, Level level, BundleCard card) {
    List<ArtifactId> below = task.inputs(Plan.BELOW);
    if (below.isEmpty() || level.refinement() != null) {
      return null;
    }
    StoredTensors.Stored stored = tensors().sample(below.getFirst());
    int index = card.levels().indexOf(card.level(task.work().level()));
    Level under = card.levels().get(index - 1).seenLevel();
    Level sized = under.whole(Mosaic.of(under).extents(stored.shape()));
    return new Cascade.Inherited(
        sized, new Mosaic.Fragment(Mosaic.of(sized).whole(), stored.values()));
  }

  /**
   * Returns the tensors made from the prompts and the picture, by the ports of the level that
   * receive them.
   */
  private Prompted prompted(Task task, Level level, LoadedBundle bundle, Beginning beginning) {
    Map<Port, Function<NDManager, NDArray>> given = new LinkedHashMap<>();
    Map<Port, Function<NDManager, NDArray>> withheld = new LinkedHashMap<>();
    Map<ArtifactId, Safetensors> read = new HashMap<>();
    for (Port port : level.ports()) {
      switch (port.feed()) {
        case PROMPT -> {
          given.put(port, tokens(bundle, task.spec().prompt()));
          withheld.put(port, tokens(bundle, unconditional(task, port)));
        }
        case ENCODER -> {
          Encoder encoder = bundle.card().encoder(Objects.requireNonNull(port.encoder()));
          String output = Objects.requireNonNull(port.output());
          encoded(task, Plan.port(encoder), output, read).ifPresent(feed -> given.put(port, feed));
          String other = Objects.requireNonNull(port.unconditionalOutput());
          encoded(task, Plan.unconditionalPort(encoder), other, read)
              .ifPresent(feed -> withheld.put(port, feed));
        }
        case PICTURE_LATENTS -> given.put(port, scope -> beginning.opening().latents(scope));
        case PICTURE_STATES -> given.put(port, scope -> beginning.opening().states(scope));
        case BELOW, BELOW_KEPT, BELOW_BY_CORNERS, BELOW_NOISE, BELOW_SIGNAL, SIZES, PLACES -> {}
      }
    }
    return new Prompted(given, withheld);
  }

  private static String unconditional(Task task, Port port) {
    return port.unconditional() == Port.Unconditional.NEGATIVE_PROMPT
        ? Objects.requireNonNullElse(task.spec().negativePrompt(), "")
        : "";
  }

  private static Function<NDManager, NDArray> tokens(LoadedBundle bundle, String prompt) {
    return bundle.tokens(bundle.card().reader(), prompt)::ids;
  }

  private java.util.Optional<Function<NDManager, NDArray>> encoded(
      Task task, String port, String output, Map<ArtifactId, Safetensors> read) {
    return task.inputs(port).stream()
        .findFirst()
        .map(id -> read.computeIfAbsent(id, tensors()::read).get(output))
        .map(tensor -> scope -> StoredTensors.array(scope, tensor));
  }

  private Product walked(
      Task task,
      Work.Sample work,
      Piece piece,
      Level level,
      LoadedBundle bundle,
      Attempt attempt,
      FilterGate gate)
      throws InterruptedException {
    int steps = work.steps();
    long began = System.nanoTime();
    SeenLatent seen =
        new SeenLatent(
            bundle, level, below(task, level.codec()), piece.shape(), manager, SeenLatent.SLOW);
    try (Waypoint from = begin(task, piece, attempt)) {
      WalkReporter reporter =
          new WalkReporter(
              now -> {
                Seen shown = seen.of(piece.guess(now));
                return gate.shows(shown, level.seen())
                    ? Modalities.of(bundle.card().kind()).preview(shown)
                    : null;
              },
              attempt,
              tensors(),
              numericClass,
              steps,
              from.steps());
      Lap walking = attempt.in(Phase.DENOISE);
      try (Waypoint end = piece.walk(from, reporter)) {
        walking.close();
        if (!end.arrived()) {
          attempt.check();
        }
        attempt.spent(piece.networkSeconds());
        // Also where the sampler chose its own levels, or ended early.
        attempt.progress(end.steps(), end.steps());
        try (Lap _ = attempt.in(Phase.WRITE)) {
          return tensors().sample(piece.sample(end), piece.shape());
        }
      } finally {
        reporter.close(Duration.ofNanos(System.nanoTime() - began));
      }
    }
  }

  /** Resumes from the latest checkpoint that can be read and verified, or starts anew. */
  private Waypoint begin(Task task, Piece piece, Attempt attempt) {
    for (Checkpoint checkpoint : task.checkpoints()) {
      try {
        Waypoint here = resumed(checkpoint, piece);
        attempt.resumed(here.steps());
        return here;
      } catch (StorageException | BundleException | IllegalArgumentException refused) {
        log.warn(
            "task {} cannot resume from checkpoint {} at step {}: {}",
            task.lease(),
            checkpoint.state(),
            checkpoint.step(),
            refused.toString());
      }
    }
    return piece.start();
  }

  /**
   * Resumes from one checkpoint.
   *
   * @throws StorageException if its file cannot be read, or is missing or damaged
   * @throws BundleException if the file is not a valid safetensors file
   * @throws IllegalArgumentException if it is of another class, bundle, version, task or step
   */
  private Waypoint resumed(Checkpoint checkpoint, Piece piece) {
    if (!checkpoint.numericClass().equals(numericClass)) {
      throw new IllegalArgumentException(
          "its numeric class is %s, not %s".formatted(checkpoint.numericClass(), numericClass));
    }
    Safetensors saved = tensors().read(checkpoint.state());
    Map<String, NDArray> arrays = new LinkedHashMap<>();
    saved
        .tensors()
        .forEach((name, tensor) -> arrays.put(name, StoredTensors.array(piece.manager(), tensor)));
    Waypoint here = piece.resume(arrays, saved.metadata());
    if (here.steps() != checkpoint.step()) {
      throw new IllegalArgumentException(
          "its file is of step %s, not %s".formatted(here.steps(), checkpoint.step()));
    }
    return here;
  }

  // ---- decode

  private Product decoded(Task task, Work.Decode work, LoadedBundle bundle, Attempt attempt) {
    Level level = level(task, bundle, work.extents());
    Codec codec = Objects.requireNonNull(level.codec());
    Mosaic latent = Mosaic.of(level);
    List<Segment> segments =
        level.segments().stream().filter(segment -> segment.meets(work.segment())).toList();
    float[] blended = latent.blend(work.segment(), pieces(segments, task.inputs(Plan.LATENT)));
    long[] shape = latent.shape(work.segment());
    Network network;
    try (Lap _ = attempt.in(Phase.LOAD)) {
      network = bundle.network(codec);
    }
    Noise noise = new Noise(task.spec().sampling().seed());
    int index = bundle.card().levels().indexOf(bundle.card().level(level.name()));
    Region region = Modalities.of(bundle.card().kind()).region(level, work.segment());
    long began = System.nanoTime();
    float[] decoded;
    try (Lap _ = attempt.in(Phase.DECODE)) {
      decoded =
          new LatentDecoder(codec, network, below(task, codec))
              .decoded(
                  manager,
                  blended,
                  shape,
                  latent.valuesPerChannel(shape),
                  () -> noise.normals(index, Noise.Purpose.DECODE, 0, 0, region));
    }
    attempt.spent((System.nanoTime() - began) / 1e9);
    try (Lap _ = attempt.in(Phase.WRITE)) {
      return tensors().sample(decoded, latent.decodedShape(codec, shape));
    }
  }

  /** Returns what a decoder reads of the level below; null if it reads nothing of it. */
  private @Nullable SeenBelow below(Task task, @Nullable Codec codec) {
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

  // ---- assemble

  private List<Product> assembled(
      Task task, Work.Assemble work, LoadedBundle bundle, Attempt attempt, FilterGate gate)
      throws InterruptedException {
    try (Lap _ = attempt.in(Phase.WRITE)) {
      return assembled(task, work, bundle, gate);
    }
  }

  private List<Product> assembled(
      Task task, Work.Assemble work, LoadedBundle bundle, FilterGate gate)
      throws InterruptedException {
    Level level = level(task, bundle, null).seenAt(work.extents());
    Level seen = level.seenLevel();
    Mosaic mosaic = Mosaic.of(seen);
    List<Mosaic.Fragment> pieces = pieces(level.seenSegments(), task.inputs(Plan.PIECE));
    long[] shape = mosaic.shape(mosaic.whole());
    Product sample =
        tensors().sample(shape, mosaic.slabs(SLAB), slab -> mosaic.blend(slab, pieces));
    FloatBuffer whole = tensors().sample(sample.artifact().id()).values();
    Seen shown = new Seen(bundle.card(), seen, whole, shape, work.enlargement());
    gate.output(shown);
    // The sample stays as it is, so that a level that begins with it sees no mark.
    String watermark = task.spec().watermark();
    Integer mark = watermark == null ? null : (Integer) Integer.parseUnsignedInt(watermark, 16);
    byte[] file =
        Modalities.of(bundle.card().kind()).file(shown, task.spec().format(), mark, ffmpeg);
    return signed(task, bundle, sample, file);
  }

  /** Returns the products of a level: its sample, its file, and what the file is signed with. */
  private List<Product> signed(Task task, LoadedBundle bundle, Product sample, byte[] file) {
    String type = task.spec().format().mediaType();
    if (signer == null) {
      return List.of(sample, new Product(Role.MEDIA, artifacts.put(type, file)));
    }
    Provenance provenance = Provenance.of(task, bundle.card(), numericClass);
    if (!Sidecar.suits(file)) {
      byte[] whole = SignedFile.of(file, provenance, signer);
      return List.of(sample, new Product(Role.MEDIA, artifacts.put(type, whole)));
    }
    byte[] credentials = Sidecar.of(file, provenance, signer);
    return List.of(
        sample,
        new Product(Role.MEDIA, artifacts.put(type, file)),
        new Product(Role.CREDENTIALS, artifacts.put(Product.CREDENTIALS_TYPE, credentials)));
  }
}
