package glimt.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import glimt.bundle.Bundle;
import glimt.bundle.Network;
import glimt.bundle.Precision;
import glimt.diffusion.Denoiser;
import glimt.diffusion.Noise;
import glimt.diffusion.NoiseSchedule;
import glimt.diffusion.Observer;
import glimt.diffusion.Region;
import glimt.diffusion.Samplers;
import glimt.diffusion.Trajectory;
import glimt.diffusion.Waypoint;
import glimt.model.Axis;
import glimt.model.BundleCard;
import glimt.model.Level;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;

/**
 * Measures the time and heap that one step of each sampler costs outside the network, and one
 * forward pass of each base network in {@code models} for comparison. The denoiser returns a copy
 * of a fixed array.
 */
public final class Benchmarks {
  private Benchmarks() {}

  private static final int STEPS = 10;

  /** Runs a walk of ten steps and reports the cost per step. */
  @State(Scope.Thread)
  @BenchmarkMode(Mode.AverageTime)
  @OutputTimeUnit(TimeUnit.MICROSECONDS)
  public static class Step {
    @Param("euler")
    public String sampler;

    @Param({"latent 4x16x32x32", "cloud 6x4096"})
    public String sample;

    private NDManager manager;
    private Trajectory walk;
    private Waypoint start;

    /** Prepares the walk, so that only its steps are timed. */
    @Setup
    public void begin() {
      manager = NDManager.newBaseManager();
      Region region =
          sample.startsWith("latent")
              ? Region.FrameWindow.whole(16, 4, 32, 32)
              : new Region.PointRange(0, 4096, 6);
      Noise noise = new Noise(1);
      NDArray unit = noise.start(manager, 0, region, DataType.FLOAT32);
      NDArray guess = unit.mul(0.5);
      walk =
          new Trajectory(
              Samplers.named(sampler),
              Denoiser.of((x, _) -> x.zerosLike().add(guess)),
              noise.draws(0, region));
      start = walk.start(NoiseSchedule.karras(STEPS, 0.02, 80, 7), unit, "benchmark");
    }

    /** Walks the whole schedule. */
    @Benchmark
    @OperationsPerInvocation(STEPS)
    public int step() throws InterruptedException {
      try (Waypoint end = walk.on(start, Observer.NOBODY)) {
        return end.steps();
      }
    }

    @TearDown
    public void end() {
      manager.close();
    }
  }

  /**
   * Runs one forward pass of a bundle's base network, with the batch size that its guidance
   * requires.
   */
  @State(Scope.Thread)
  @BenchmarkMode(Mode.AverageTime)
  @OutputTimeUnit(TimeUnit.MICROSECONDS)
  public static class Forward {
    @Param("tiles")
    public String bundle;

    private NDManager manager;
    private Network network;
    private NDArray x;
    private NDArray level;
    private NDArray words;

    /** Loads the network. */
    @Setup
    public void begin() {
      manager = NDManager.newBaseManager();
      Bundle opened = Bundle.open(Path.of("../models", bundle));
      BundleCard card = opened.card();
      Level base = card.levels().getFirst();
      network = opened.network(base.name(), Precision.ofThisProcessor());
      long rows = base.sampling().guidance() == 1 ? 1 : 2;
      x = manager.ones(new Shape(shape(rows, card, base)));
      level = manager.ones(new Shape(rows));
      words = manager.ones(new Shape(rows, card.words().length())).toType(DataType.INT64, false);
    }

    private static long[] shape(long rows, BundleCard card, Level base) {
      long[] axes = base.axes().stream().mapToLong(Axis::window).toArray();
      LongStream inner =
          switch (card.kind()) {
            case VIDEO -> LongStream.of(axes[0], base.channels(), axes[1], axes[2]);
            case POINTS -> LongStream.of(axes[0], base.channels());
          };
      return LongStream.concat(LongStream.of(rows), inner).toArray();
    }

    /** Calls the network once. */
    @Benchmark
    public long forward() {
      try (NDArray answer = network.forward(x, level, Network.conditioning(words, null))) {
        return answer.size();
      }
    }

    @TearDown
    public void end() {
      network.close();
      manager.close();
    }
  }

  /** Runs everything and prints one table. */
  public static void main(String[] args) throws RunnerException, IOException {
    Map<String, Double> forwards = new TreeMap<>();
    String[] bundles = bundles();
    if (bundles.length > 0) {
      Collection<RunResult> results =
          new Runner(options(Forward.class).param("bundle", bundles).build()).run();
      results.forEach(r -> forwards.put(r.getParams().getParam("bundle"), score(r)));
    }
    // An adaptive walk chooses its own number of steps, so it has no time per step of the schedule.
    String[] names =
        Samplers.names().stream()
            .filter(name -> !name.equals("dpm_adaptive"))
            .toArray(String[]::new);
    Options steps =
        options(Step.class).param("sampler", names).addProfiler(GCProfiler.class).build();
    print(forwards, new Runner(steps).run());
  }

  private static org.openjdk.jmh.runner.options.ChainedOptionsBuilder options(Class<?> benchmark) {
    return new OptionsBuilder()
        .include(benchmark.getName().replace('$', '.') + "\\.")
        .forks(0)
        .warmupIterations(2)
        .warmupTime(TimeValue.milliseconds(300))
        .measurementIterations(3)
        .measurementTime(TimeValue.milliseconds(300));
  }

  /** The names of the bundles in the models folder. */
  private static String[] bundles() throws IOException {
    try (Stream<Path> folders = Files.list(Path.of("../models"))) {
      return folders
          .filter(folder -> Files.exists(folder.resolve(Bundle.CARD)))
          .map(folder -> folder.getFileName().toString())
          .sorted()
          .toArray(String[]::new);
    }
  }

  private static double score(RunResult result) {
    return result.getPrimaryResult().getScore();
  }

  private static void print(Map<String, Double> forwards, Collection<RunResult> steps) {
    StringBuilder out = new StringBuilder(System.lineSeparator());
    forwards.forEach(
        (name, micros) ->
            out.append(
                String.format(
                    Locale.ROOT,
                    "one forward pass of %s's base network: %.0f us%n",
                    name,
                    micros)));
    List<String> columns = List.copyOf(forwards.keySet());
    out.append(
        String.format(
            Locale.ROOT, "%-20s %-18s %9s %10s", "sampler", "sample", "us/step", "heap B/step"));
    columns.forEach(name -> out.append("  of %s".formatted(name)));
    out.append(System.lineSeparator());
    for (RunResult result : steps) {
      double heap =
          result.getSecondaryResults().entrySet().stream()
              .filter(e -> e.getKey().endsWith("alloc.rate.norm"))
              .mapToDouble(e -> e.getValue().getScore())
              .findFirst()
              .orElse(Double.NaN);
      out.append(
          "%-20s %-18s %9.0f %10.0f"
              .formatted(
                  result.getParams().getParam("sampler"),
                  result.getParams().getParam("sample"),
                  score(result),
                  heap));
      columns.forEach(
          name ->
              out.append(
                  String.format(
                      Locale.ROOT, "  %6.2f %%", 100 * score(result) / forwards.get(name))));
      out.append(System.lineSeparator());
    }
    System.out.print(out);
  }
}
