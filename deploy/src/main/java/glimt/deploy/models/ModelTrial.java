package glimt.deploy.models;

import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.deploy.models.MeasuredFarm.Done;
import glimt.deploy.node.AtExit;
import glimt.deploy.node.Client;
import glimt.deploy.node.DeployException;
import glimt.deploy.node.StartedFarm;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Measures one model.
 *
 * @param exit stops the farms if this process is stopped
 * @param place an empty folder for all files
 */
record ModelTrial(AtExit exit, Path place, PublishedSize size, TrialSettings settings) {
  private static final String NAME = "measured";

  /** How many tokens of a prompt UMT5 reads; the pipeline's 512 take eight times as long. */
  private static final String TEXT_LENGTH = "64";

  /** Besides the largest network: activations, the database and four JVMs. */
  private static final long BESIDES = 3_000_000_000L;

  private static final int STEPS_OF_LOADING = 1;

  /** In seconds: a busy machine may take minutes for what it does in one. */
  private static final String STEP_LIMIT = "3600";

  /**
   * How it is measured.
   *
   * @param tiny whether the networks are of a few thousand parameters
   * @param side of the samples in pixels; null for the model's own
   * @param steps over how many steps a step is measured
   * @param options further options of {@code glimt up}
   */
  record TrialSettings(boolean tiny, @Nullable Integer side, int steps, List<String> options) {}

  void run(RandomWeights weights) throws IOException, InterruptedException {
    ModelFolder model = size.folder(settings.tiny);
    row(
        "model",
        name(),
        String.format(Locale.ROOT, "%.2f billion parameters", model.parameters() / 1e9));
    row("weights", megabytes(model.bytes()), "");
    enough(model);
    ModelsBench.say("writing %s of random weights".formatted(megabytes(model.bytes())));
    Path folder = place.resolve("published");
    double written = timed(() -> model.write(folder, weights));
    row("written", seconds(written), "");
    row("import", seconds(timed(() -> imported(folder))), "");
    withFarm(
        farm -> {
          row("farm accepts jobs; its worker offers the model", both(farm), "");
          measure(farm, model);
        });
    withFarm(
        farm -> {
          job(farm, "c a t", STEPS_OF_LOADING, 4, () -> false);
          row(
              "load the denoiser, in a new process",
              milliseconds(MeasuredFarm.loadingSeconds(place)),
              "");
        });
  }

  /** What is done with a farm. */
  @FunctionalInterface
  private interface Measurement {
    void on(MeasuredFarm farm) throws IOException, InterruptedException;
  }

  private void withFarm(Measurement measurement) throws IOException, InterruptedException {
    int mark = exit.mark();
    StartedFarm farm = exit.open(this::start, StartedFarm::close);
    try {
      measurement.on(MeasuredFarm.ready(farm));
    } finally {
      exit.closeBackTo(mark);
    }
  }

  private void measure(MeasuredFarm farm, ModelFolder model)
      throws IOException, InterruptedException {
    try (MemoryWatch watch =
        new MemoryWatch(
            farm.farm().process().pid(),
            farm.worker().pid(),
            () -> farm.worker().destroyForcibly())) {
      Done first = job(farm, "a b c", STEPS_OF_LOADING, 1, watch::ranShort);
      Done other = job(farm, "d e f", STEPS_OF_LOADING, 2, watch::ranShort);
      Done again = job(farm, "d e f", STEPS_OF_LOADING, 3, watch::ranShort);
      Done more = job(farm, "d e f", STEPS_OF_LOADING + settings.steps, 4, watch::ranShort);
      row("encode a prompt and the empty one, with loading", seconds(first.of("encode")), "");
      row("encode a prompt", seconds(other.of("encode")), "");
      row(
          "load the denoiser, the first time",
          milliseconds(MeasuredFarm.loadingSeconds(place)),
          "its first step took %s longer than the next"
              .formatted(seconds(first.of("sample") - other.of("sample"))));
      row(
          "a step, with guidance",
          seconds((more.of("sample") - again.of("sample")) / settings.steps),
          "%s processor; %s, %s"
              .formatted(
                  seconds((more.processor() - again.processor()) / settings.steps),
                  extents(),
                  more.numericClass()));
      row("decode", seconds(again.of("decode")), "");
      row(
          "a job of one step whose prompt was encoded before",
          seconds(again.of("sample") + again.of("decode")),
          seconds(again.processor()) + " processor");
      ProcessMemory worker = watch.worker();
      row(
          "worker's memory at most",
          megabytes(worker.peak()),
          "%s anonymous, %s mapped; weights + %s"
              .formatted(
                  megabytes(worker.anonymous()),
                  megabytes(worker.mapped()),
                  megabytes(worker.peak() - model.bytes())));
      ProcessMemory gateway = watch.gateway();
      row(
          "gateway's memory at most",
          megabytes(gateway.peak()),
          "%s anonymous, %s mapped"
              .formatted(megabytes(gateway.anonymous()), megabytes(gateway.mapped())));
    }
  }

  private String name() {
    return size.word() + (settings.tiny ? ", tiny" : "");
  }

  /**
   * Checks the disk and the memory before they are filled.
   *
   * @throws DeployException saying how much is missing
   */
  private void enough(ModelFolder model) throws IOException {
    long disk = Files.getFileStore(place).getUsableSpace();
    long wanted = model.bytes() + 1_000_000_000L;
    if (disk < wanted) {
      throw new DeployException(
          "%s needs %s of disk in %s, which has %s; choose another --home"
              .formatted(name(), megabytes(wanted), place.getParent(), megabytes(disk)));
    }
    long available = ProcessMemory.available();
    long largest =
        model.networks().values().stream()
            .mapToLong(network -> 2 * network.parameters())
            .max()
            .orElse(0);
    if (!settings.tiny && available < largest + BESIDES) {
      throw new DeployException(
          "%s needs %s of memory, and %s are available"
              .formatted(name(), megabytes(largest + BESIDES), megabytes(available)));
    }
  }

  private void imported(Path folder) throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(
            List.of(StartedFarm.launcher(), "import", folder.toString(), "--name", NAME));
    command.addAll(List.of("--no-sample", "--home", place.toString()));
    if (size == PublishedSize.WAN) {
      command.addAll(List.of("--text-length", TEXT_LENGTH));
    }
    Path log = place.resolve("import.err");
    Process process =
        new ProcessBuilder(command)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(log.toFile())
            .start();
    if (process.waitFor() != 0) {
      throw new DeployException("the import failed: " + Files.readString(log).strip());
    }
  }

  private StartedFarm start() {
    List<String> options = new ArrayList<>(List.of("--workers", "1", "--step-limit", STEP_LIMIT));
    options.addAll(settings.options);
    try {
      return StartedFarm.on(place, options);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Done job(MeasuredFarm farm, String prompt, int steps, int seed, BooleanSupplier ranShort)
      throws IOException, InterruptedException {
    ObjectNode wish = Client.object().put("kind", size.kind()).put("model", NAME);
    wish.put("prompt", prompt).put("steps", steps).put("seed", seed);
    extentsOfSample().forEach(wish::put);
    ModelsBench.say("a job of %s steps, %s".formatted(steps, extents()));
    return farm.job(wish, ranShort);
  }

  private Map<String, Integer> extentsOfSample() {
    Map<String, Integer> extents = new LinkedHashMap<>(size.extents(settings.tiny));
    if (settings.side != null) {
      extents.replaceAll((axis, own) -> axis.equals("frames") ? own : settings.side);
    }
    return extents;
  }

  private String extents() {
    Map<String, Integer> extents = extentsOfSample();
    String picture = "%s×%s".formatted(extents.get("width"), extents.get("height"));
    return extents.containsKey("frames")
        ? "%s frames of %s".formatted(extents.get("frames"), picture)
        : picture;
  }

  private static String both(MeasuredFarm farm) {
    return "%s; %s".formatted(seconds(farm.farm().seconds()), seconds(farm.seconds()));
  }

  /** What may throw while it is timed. */
  @FunctionalInterface
  private interface TrialWork {
    void run() throws IOException, InterruptedException;
  }

  private static double timed(TrialWork work) throws IOException, InterruptedException {
    long begin = System.nanoTime();
    work.run();
    return since(begin);
  }

  private static double since(long nanos) {
    return (System.nanoTime() - nanos) / 1e9;
  }

  private static String seconds(double seconds) {
    return String.format(Locale.ROOT, "%.1f s", seconds);
  }

  private static String milliseconds(double seconds) {
    return String.format(Locale.ROOT, "%.0f ms", 1000 * seconds);
  }

  private static String megabytes(long bytes) {
    return "%s MB".formatted(bytes / 1_000_000);
  }

  private static void row(String what, String measured, String more) {
    ModelsBench.row(what, measured, more);
  }
}
