package glimt.worker;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import glimt.artifact.ArtifactFolder;
import glimt.bundle.Bundle;
import glimt.bundle.NetworkCache;
import glimt.bundle.NumericClass;
import glimt.bundle.Precision;
import glimt.bundle.Safetensors;
import glimt.bundle.Safetensors.Tensor;
import glimt.coordinator.Protocol.Live;
import glimt.coordinator.Protocol.Previewed;
import glimt.diffusion.Samplers;
import glimt.job.ArtifactId;
import glimt.job.Checkpoint;
import glimt.job.Format;
import glimt.job.InvalidSpec;
import glimt.job.JobId;
import glimt.job.JobSpec;
import glimt.job.Lease;
import glimt.job.Outcome;
import glimt.job.Plan;
import glimt.job.Plan.PlannedTask;
import glimt.job.Product;
import glimt.job.Product.Role;
import glimt.job.SamplingOptions;
import glimt.job.Task;
import glimt.job.TaskId;
import glimt.media.Ffmpeg;
import glimt.media.Frames;
import glimt.media.Video;
import glimt.model.BundleCard;
import glimt.model.Fast;
import glimt.model.GuidanceRule;
import glimt.model.Kind;
import glimt.model.Level;
import glimt.model.Quality;
import glimt.model.Sampling;
import glimt.safety.c2pa.ManifestReader;
import glimt.safety.c2pa.ManifestVerdict;
import glimt.safety.c2pa.OwnSigner;
import glimt.safety.c2pa.Provenance;
import glimt.safety.c2pa.Signer;
import glimt.safety.filter.ContentFilter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Runs whole jobs of the default bundles, task by task, as a single worker does. */
class GenerationTest {
  private static final Path MODELS = Path.of("../models");
  private static final JobSpec CLOUD =
      new JobSpec(
          Kind.POINTS,
          "a pine tree",
          "objects",
          new SamplingOptions(7, 6, null, null, null),
          Map.of(),
          Format.GLB);
  private static final JobSpec CLIP =
      new JobSpec(
          Kind.VIDEO,
          "a whale moves left over blue",
          "tiles",
          new SamplingOptions(7, 3, null, null, null),
          Map.of(),
          Format.MP4);

  @TempDir static Path folder;
  private static ArtifactFolder artifacts;
  private static Generation generation;

  /** The prompt of {@link #CLOUD} as its levels read it. */
  private static List<Task.Input> said;

  @BeforeAll
  static void prepare() throws Exception {
    Precision precision = Precision.ofThisProcessor();
    artifacts = new ArtifactFolder(folder.resolve("artifacts"));
    Path signer = folder.resolve("signer");
    OwnSigner.makeIn(signer);
    NetworkCache networks = new NetworkCache(Device.cpu(), precision, Long.MAX_VALUE);
    generation =
        new Generation(
            Map.of(
                "tiles", new LoadedBundle(MODELS.resolve("tiles"), networks),
                "objects", new LoadedBundle(MODELS.resolve("objects"), networks),
                "quick", new LoadedBundle(quick(folder.resolve("quick")), networks)),
            artifacts,
            Ffmpeg.unpackedIn(folder.resolve("ffmpeg")),
            NDManager.newBaseManager(Device.cpu(), "PyTorch"),
            NumericClass.of(Device.cpu(), precision),
            networks::weights,
            Signer.of(signer),
            ContentFilter.OFF);
    Task encoding = task(CLOUD, plan(CLOUD).tasks().getFirst(), List.of(), List.of());
    Outcome encoded = generation.make(encoding, attempt(_ -> {}));
    said = inputs(base(CLOUD), List.of(((Outcome.Succeeded) encoded).products()));
  }

  @Test
  void a_cloud_is_made_level_by_level_and_every_level_can_be_opened() throws Exception {
    List<Product> media = media(done(CLOUD));

    assertThat(media).hasSize(2);
    for (Product level : media) {
      assertThat(level.artifact().mediaType()).isEqualTo("model/gltf-binary");
      assertThat(artifacts.read(level.artifact().id())).startsWith('g', 'l', 'T', 'F');
    }
    for (List<Product> products : done(CLOUD)) {
      Map<Role, Product> of =
          products.stream().collect(Collectors.toMap(Product::role, one -> one));
      assertThat(of.containsKey(Role.CREDENTIALS)).isEqualTo(of.containsKey(Role.MEDIA));
      if (of.containsKey(Role.CREDENTIALS)) {
        ManifestVerdict verdict =
            ManifestReader.read(
                artifacts.file(Objects.requireNonNull(of.get(Role.MEDIA)).artifact().id()),
                artifacts.read(Objects.requireNonNull(of.get(Role.CREDENTIALS)).artifact().id()));
        assertThat(verdict.state()).as(verdict.reason()).isEqualTo(ManifestVerdict.State.VALID);
      }
    }
  }

  @Test
  void a_clip_is_made_level_by_level_and_every_level_can_be_played() throws Exception {
    List<Product> media = media(done(CLIP));

    assertThat(media).hasSize(4);
    assertThat(media.stream().map(product -> product.artifact().mediaType()))
        .containsOnly("video/mp4");
    Video video = new Video(Ffmpeg.unpackedIn(folder.resolve("ffmpeg")));
    List<Frames> files = new ArrayList<>();
    for (Product level : media) {
      files.add(video.read(artifacts.path(level.artifact().id())));
    }
    // The files have exactly the frames, pixels and rates of the card.
    assertThat(files).extracting(Frames::count).containsExactly(8, 24, 24, 24);
    assertThat(files).extracting(Frames::width).containsExactly(16, 16, 64, 128);
    assertThat(files).extracting(Frames::height).containsExactly(16, 16, 64, 128);
    assertThat(files).extracting(Frames::fps).containsExactly(4.0, 12.0, 12.0, 12.0);
    // And each says how it was made.
    List<String> levels = new ArrayList<>();
    for (Product level : media) {
      ManifestVerdict verdict = ManifestReader.read(artifacts.path(level.artifact().id()));
      assertThat(verdict.state()).as(verdict.reason()).isEqualTo(ManifestVerdict.State.VALID);
      Provenance made = Objects.requireNonNull(verdict.provenance());
      assertThat(made.model()).isEqualTo("tiles");
      assertThat(made.seed()).isEqualTo(7);
      levels.add(made.levels().getLast());
    }
    assertThat(levels).containsExactly("base", "temporal", "spatial", "detail");
  }

  @Test
  void the_same_job_gives_the_same_bytes_and_another_seed_gives_others() throws Exception {
    JobSpec another =
        new JobSpec(
            Kind.POINTS,
            "a pine tree",
            "objects",
            new SamplingOptions(8, 6, null, null, null),
            Map.of(),
            Format.GLB);

    assertThat(done(CLOUD)).isEqualTo(done(CLOUD)).isNotEqualTo(done(another));
  }

  @Test
  void a_walk_stopped_after_every_step_and_resumed_gives_the_bytes_of_an_undisturbed_one()
      throws Exception {
    PlannedTask base = base(CLOUD);
    Outcome undisturbed = generation.make(task(CLOUD, base, said, List.of()), attempt(_ -> {}));

    List<Checkpoint> saved = new ArrayList<>();
    for (int step = 1; step < 6; step++) {
      Task task = task(CLOUD, base, said, saved.isEmpty() ? List.of() : List.of(saved.getLast()));
      Attempt leaving = new Attempt(task, _ -> {}, saved::add);
      leaving.leave();
      assertThatThrownBy(() -> generation.make(task, leaving))
          .isInstanceOf(InterruptedException.class);
      assertThat(saved.getLast().step()).isEqualTo(step);
    }
    Task last = task(CLOUD, base, said, List.of(saved.getLast()));

    assertThat(generation.make(last, attempt(_ -> {}))).isEqualTo(undisturbed);
  }

  /** Writes the objects bundle with a fast network whose answers are half as large. */
  private static Path quick(Path to) throws IOException {
    Files.createDirectory(to);
    Bundle objects = Bundle.open(MODELS.resolve("objects"));
    BundleCard card = objects.card();
    for (String name : card.files().keySet()) {
      if (!name.startsWith("blocks/")) { // blocks are part of glimt, not of the folder
        Files.copy(MODELS.resolve("objects").resolve(name), to.resolve(name));
      }
    }
    Map<String, Tensor> halved = new HashMap<>(objects.tensors("base.safetensors").tensors());
    halved.computeIfPresent(
        "leave.weight",
        (_, weight) -> {
          float[] values = weight.floats();
          for (int i = 0; i < values.length; i++) {
            values[i] /= 2;
          }
          return Tensor.of(values, weight.dimensions());
        });
    new Safetensors(halved).write(to.resolve("base-fast.safetensors"));
    Map<String, String> files = new HashMap<>(card.files());
    files.put(
        "base-fast.safetensors",
        Bundle.sha256(Files.readAllBytes(to.resolve("base-fast.safetensors"))));
    Sampling usual = card.levels().getFirst().sampling();
    Sampling walk = new Sampling("euler", 2, GuidanceRule.of(1), usual.schedule());
    List<Level> levels = new ArrayList<>(card.levels());
    levels.set(0, levels.getFirst().with(new Fast("base-fast", walk)));
    Bundle.write(
        to,
        new BundleCard(
            card.version(),
            "quick",
            card.kind(),
            card.summary(),
            card.licence(),
            card.reader(),
            card.encoders(),
            card.fps(),
            card.scale(),
            card.offset(),
            levels,
            List.of(),
            card.weights(),
            files,
            card.notes()));
    return to;
  }

  @Test
  void a_quick_job_is_made_by_the_fast_network_of_a_level_and_by_the_only_one_elsewhere()
      throws Exception {
    JobSpec fast = cloud(new SamplingOptions(7, null, null, null, Quality.FAST));
    JobSpec sameWalk = cloud(new SamplingOptions(7, 2, 1.0, "euler", null));
    List<List<Product>> quick = done(fast);
    List<List<Product>> full = done(sameWalk);

    assertThat(plan(fast).tasks())
        .extracting(PlannedTask::work)
        .isEqualTo(plan(sameWalk).tasks().stream().map(PlannedTask::work).toList());
    assertThat(plan(fast).warnings()).singleElement().asString().contains("dense");
    assertThat(quick.get(1)).isNotEqualTo(full.get(1));
    assertThat(media(quick)).hasSize(2);
  }

  private static JobSpec cloud(SamplingOptions wishes) {
    return new JobSpec(Kind.POINTS, "a pine tree", "quick", wishes, Map.of(), Format.GLB);
  }

  @ParameterizedTest
  @MethodSource("samplers")
  void every_sampler_a_user_can_name_makes_a_sample(String sampler) throws Exception {
    JobSpec spec =
        new JobSpec(
            Kind.POINTS,
            "a pine tree",
            "objects",
            new SamplingOptions(7, 12, null, sampler, null),
            Map.of("points", 1024),
            Format.PLY);
    Outcome outcome = generation.make(task(spec, base(spec), said, List.of()), attempt(_ -> {}));

    ArtifactId made = ((Outcome.Succeeded) outcome).products().getFirst().artifact().id();
    float[] values = Safetensors.parse(sampler, artifacts.read(made)).get("sample").floats();
    double squares = 0;
    for (float value : values) {
      squares += value * value;
    }
    assertThat(Math.sqrt(squares / values.length))
        .as("spread of standardised values by %s", sampler)
        .isBetween(0.5, 2.0);
  }

  static List<String> samplers() {
    return Samplers.names();
  }

  @Test
  void a_checkpoint_of_another_numeric_class_is_not_resumed() throws Exception {
    PlannedTask base = base(CLOUD);
    Outcome undisturbed = generation.make(task(CLOUD, base, said, List.of()), attempt(_ -> {}));
    Checkpoint foreign = new Checkpoint(new ArtifactId("0".repeat(64)), 3, "some other machine");

    assertThat(generation.make(task(CLOUD, base, said, List.of(foreign)), attempt(_ -> {})))
        .isEqualTo(undisturbed);
  }

  /** Returns all ways to make a checkpoint invalid, by description. */
  static Map<String, UnaryOperator<Checkpoint>> wrongs() {
    Map<String, UnaryOperator<Checkpoint>> wrongs = new LinkedHashMap<>();
    wrongs.put("a flipped bit", saved -> damaged(saved, bytes -> bytes[bytes.length / 2] ^= 1));
    wrongs.put("the file cut short", GenerationTest::truncated);
    wrongs.put("no file", saved -> of(saved, new ArtifactId("0".repeat(64))));
    wrongs.put("a file of another kind", saved -> of(saved, put("state".getBytes(UTF_8))));
    wrongs.put(
        "another class",
        saved -> new Checkpoint(saved.state(), saved.step(), "some other machine"));
    wrongs.put(
        "another step",
        saved -> new Checkpoint(saved.state(), saved.step() + 1, saved.numericClass()));
    for (String fact : List.of("version", "model", "sampler", "schedule")) {
      wrongs.put("another " + fact, saved -> rewritten(saved, fact));
    }
    return wrongs;
  }

  @Test
  void a_checkpoint_that_cannot_be_trusted_is_refused_and_the_one_before_it_used()
      throws Exception {
    PlannedTask base = base(CLOUD);
    Outcome undisturbed = generation.make(task(CLOUD, base, said, List.of()), attempt(_ -> {}));
    Checkpoint first = stopped(task(CLOUD, base, said, List.of()));
    for (Map.Entry<String, UnaryOperator<Checkpoint>> wrong : wrongs().entrySet()) {
      Checkpoint second = stopped(task(CLOUD, base, said, List.of(first)));
      assertThat(second.step()).isEqualTo(2);
      Checkpoint bad = wrong.getValue().apply(second);

      Task both = task(CLOUD, base, said, List.of(bad, first));
      Attempt fromFirst = new Attempt(both, _ -> {}, _ -> {});
      assertThat(generation.make(both, fromFirst)).as(wrong.getKey()).isEqualTo(undisturbed);
      assertThat(fromFirst.effort("", System.nanoTime()).resumedFrom())
          .as(wrong.getKey())
          .isEqualTo(1);

      Task alone = task(CLOUD, base, said, List.of(bad));
      Attempt afresh = new Attempt(alone, _ -> {}, _ -> {});
      assertThat(generation.make(alone, afresh)).as(wrong.getKey()).isEqualTo(undisturbed);
      assertThat(afresh.effort("", System.nanoTime()).resumedFrom()).as(wrong.getKey()).isZero();
    }
  }

  @Test
  void what_is_handed_back_is_what_the_attempt_saved_itself_and_never_what_it_refused()
      throws Exception {
    PlannedTask base = base(CLOUD);
    Checkpoint first = stopped(task(CLOUD, base, said, List.of()));
    Checkpoint second = stopped(task(CLOUD, base, said, List.of(first)));
    Task task = task(CLOUD, base, said, List.of(truncated(second)));
    assertThat(new Attempt(task, _ -> {}, _ -> {}).latest()).as("nothing is saved yet").isEmpty();
    assertThat(stopped(task)).as("afresh to step 1, with the same bytes").isEqualTo(first);
  }

  /** Runs an attempt that leaves after its first step, and returns its checkpoint. */
  private static Checkpoint stopped(Task task) {
    List<Checkpoint> saved = new ArrayList<>();
    Attempt leaving = new Attempt(task, _ -> {}, saved::add);
    leaving.leave();
    assertThatThrownBy(() -> generation.make(task, leaving))
        .isInstanceOf(InterruptedException.class);
    assertThat(leaving.latest()).contains(saved.getLast());
    return saved.getLast();
  }

  private static Checkpoint of(Checkpoint saved, ArtifactId state) {
    return new Checkpoint(state, saved.step(), saved.numericClass());
  }

  private static ArtifactId put(byte[] bytes) {
    return artifacts.put("application/octet-stream", bytes).id();
  }

  private static Checkpoint rewritten(Checkpoint saved, String fact) {
    Safetensors state = Safetensors.parse("state", artifacts.read(saved.state()));
    Map<String, String> facts = new LinkedHashMap<>(state.metadata());
    facts.put(fact, fact.equals("schedule") ? "10.0 1.0 0.0" : "other");
    return of(saved, put(new Safetensors(state.tensors(), facts).bytes()));
  }

  private static Checkpoint truncated(Checkpoint saved) {
    Path file = artifacts.path(saved.state());
    try {
      byte[] bytes = Files.readAllBytes(file);
      Files.write(file, Arrays.copyOf(bytes, bytes.length / 2));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return saved;
  }

  private static Checkpoint damaged(Checkpoint saved, Consumer<byte[]> damage) {
    Path file = artifacts.path(saved.state());
    try {
      byte[] bytes = Files.readAllBytes(file);
      damage.accept(bytes);
      Files.write(file, bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return saved;
  }

  @Test
  void previews_are_made_only_while_somebody_watches() throws Exception {
    PlannedTask base = base(CLOUD);
    Task task = task(CLOUD, base, said, List.of());
    List<Live> unwatched = new ArrayList<>();
    generation.make(task, new Attempt(task, unwatched::add, _ -> {}));
    List<Live> watched = new ArrayList<>();
    Attempt attempt = new Attempt(task, watched::add, _ -> {});
    attempt.watched(Long.MAX_VALUE);
    generation.make(task, attempt);

    assertThat(unwatched).noneMatch(Previewed.class::isInstance);
    assertThat(watched).anyMatch(Previewed.class::isInstance);
  }

  @Test
  void a_worker_with_another_card_refuses() {
    PlannedTask base = base(CLOUD);
    Task right = task(CLOUD, base, said, List.of());
    Task wrong =
        new Task(
            right.lease(),
            right.job(),
            right.spec(),
            new ArtifactId("0".repeat(64)),
            right.ordinal(),
            right.work(),
            right.inputs(),
            right.known(),
            right.checkpoints());

    assertThatThrownBy(() -> generation.make(wrong, attempt(_ -> {})))
        .isInstanceOf(InvalidSpec.class)
        .hasMessageContaining("objects");
  }

  /** Does every task of a job in the order of its plan, and returns their products. */
  private static List<List<Product>> done(JobSpec spec) throws Exception {
    List<List<Product>> products = new ArrayList<>();
    for (PlannedTask planned : plan(spec).tasks()) {
      Task task = task(spec, planned, inputs(planned, products), List.of());
      products.add(((Outcome.Succeeded) generation.make(task, attempt(_ -> {}))).products());
    }
    return products;
  }

  /** The inputs of a task, from the products of the tasks before it. */
  private static List<Task.Input> inputs(PlannedTask planned, List<List<Product>> products) {
    return planned.inputs().stream()
        .flatMap(
            input ->
                products.get(input.task()).stream()
                    .filter(product -> product.role() == Role.SAMPLE)
                    .map(product -> new Task.Input(input.port(), product.artifact().id())))
        .toList();
  }

  /** The task of the first level, which follows the one that encodes the prompt. */
  private static PlannedTask base(JobSpec spec) {
    return plan(spec).tasks().get(1);
  }

  private static List<Product> media(List<List<Product>> products) {
    return products.stream()
        .flatMap(List::stream)
        .filter(product -> product.role() == Role.MEDIA)
        .toList();
  }

  private static LoadedBundle bundle(JobSpec spec) {
    return Objects.requireNonNull(generation.bundles().get(spec.model()));
  }

  private static Plan plan(JobSpec spec) {
    return Plan.of(spec, bundle(spec).card());
  }

  private static Task task(
      JobSpec spec, PlannedTask planned, List<Task.Input> inputs, List<Checkpoint> checkpoints) {
    return new Task(
        new Lease(new TaskId(planned.ordinal() + 1L), 1),
        JobId.parse("00000000-0000-0000-0000-000000000001"),
        spec,
        bundle(spec).digest(),
        planned.ordinal(),
        planned.work(),
        inputs,
        List.of(),
        checkpoints);
  }

  private static Attempt attempt(Consumer<Live> feed) {
    return new Attempt(
        task(CLOUD, plan(CLOUD).tasks().getFirst(), List.of(), List.of()), feed, _ -> {});
  }
}
