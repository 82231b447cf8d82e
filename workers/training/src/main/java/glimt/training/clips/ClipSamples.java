package glimt.training.clips;

import ai.djl.engine.EngineException;
import glimt.media.Picture;
import glimt.metrics.Bar;
import glimt.metrics.Clips;
import glimt.metrics.Figure;
import glimt.model.Level;
import glimt.pipeline.Mosaic;
import glimt.training.clips.ClipSampler.Cost;
import glimt.training.clips.HeldOut.Asked;
import glimt.training.evaluation.Candidate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/** Whole clips made for prompts, from the first level to the last, as jobs make them. */
final class ClipSamples {
  /** Clips that are also made in one piece. */
  private static final int UNCUT = 8;

  /**
   * One clip.
   *
   * @param keys its last level as the judge sees it
   * @param samples of all levels, where they are kept
   */
  private record Take(float[] keys, List<float[]> samples) {}

  private final Candidate candidate;
  private final List<Asked> asked;
  private final List<Take> takes;
  private final Map<String, Cost> costs;
  private final double seconds;

  private ClipSamples(
      Candidate candidate,
      List<Asked> asked,
      List<Take> takes,
      Map<String, Cost> costs,
      double seconds) {
    this.candidate = candidate;
    this.asked = asked;
    this.takes = takes;
    this.costs = costs;
    this.seconds = seconds;
  }

  /**
   * Makes a clip for each prompt, seeds counted from 1.
   *
   * @param kept how many are kept whole
   */
  static ClipSamples of(Candidate candidate, List<Asked> asked, int kept, Consumer<String> watch)
      throws InterruptedException {
    List<Level> levels = candidate.card().levels();
    Map<String, Cost> costs = new ConcurrentHashMap<>();
    AtomicInteger done = new AtomicInteger();
    long began = System.nanoTime();
    List<Take> takes =
        Abreast.all(
            asked.size(),
            (from, to) -> {
              List<Take> share = new ArrayList<>();
              try (ClipSampler studio =
                  new ClipSampler(candidate, levels.stream().map(Level::name).toList())) {
                for (int i = from; i < to; i++) {
                  List<float[]> samples = studio.clip(asked.get(i).prompt(), 1L + i);
                  share.add(
                      new Take(
                          keys(samples.getLast(), levels.getLast()),
                          i < kept ? samples : List.of()));
                  if (done.incrementAndGet() % 8 == 0) {
                    watch.accept("whole clips: %s of %s".formatted(done.get(), asked.size()));
                  }
                }
                studio.costs().forEach((level, cost) -> costs.merge(level, cost, Cost::plus));
              }
              return share;
            });
    double seconds = (System.nanoTime() - began) / 1e9;
    return new ClipSamples(candidate, asked, takes, costs, seconds);
  }

  private static float[] keys(float[] clip, Level level) {
    return Judge.keys(clip, level.axis("frames").extent(), Ladder.size(level));
  }

  /** The last level of a clip that was kept. */
  float[] last(int clip) {
    return takes.get(clip).samples.getLast();
  }

  private List<Take> kept() {
    return takes.stream().filter(take -> !take.samples.isEmpty()).toList();
  }

  Picture sheet() {
    Showing showing = new Showing(candidate.card(), levels().getLast());
    return showing.sheet(asked, kept().stream().map(take -> take.samples.getLast()).toList());
  }

  private List<Level> levels() {
    return candidate.card().levels();
  }

  /** Judges the last level. */
  PromptAdherence judged(String name, Comparison comparison) {
    return comparison.add(name, asked, takes.stream().map(Take::keys).toList());
  }

  /** Borders between windows and tiles, level by level, beside those of real clips. */
  List<Figure> seams(@Nullable Ladder ladder) {
    List<Figure> figures = new ArrayList<>();
    for (Level level : levels().subList(1, levels().size())) {
      int number = levels().indexOf(level);
      Level below = levels().get(number - 1);
      Seams made = new Seams(below, level);
      Seams real = new Seams(below, level);
      for (int i = 0; i < kept().size(); i++) {
        List<float[]> samples = kept().get(i).samples;
        made.add(samples.get(number), samples.get(number - 1));
        if (ladder != null) {
          float[] truth = ladder.truth(asked.get(i).scene(), level);
          real.add(truth, Ladder.shrunk(truth, level, below));
        }
      }
      if (made.tiled()) {
        Figure tiles =
            Figure.of(
                level.name() + ": steps across tile borders, enlarged = 1", made.acrossTiles());
        figures.add(ladder == null ? tiles : tiles.beside(Comparison.REAL, real.acrossTiles()));
      }
      if (made.windowed()) {
        Figure windows =
            Figure.of(
                level.name() + ": steps across window borders, enlarged = 1", made.acrossWindows());
        figures.add(
            ladder == null ? windows : windows.beside(Comparison.REAL, real.acrossWindows()));
      }
    }
    return figures;
  }

  /**
   * Levels that are cut, made again in one piece from the same noise over the same level below. A
   * network that takes no other size than its own is left out.
   */
  List<Figure> uncut(Consumer<String> watch) throws InterruptedException {
    List<Figure> figures = new ArrayList<>();
    for (Level level : levels().subList(1, levels().size())) {
      if (level.segments().size() > 1) {
        watch.accept(level.name() + ": in one piece");
        try {
          figures.addAll(uncut(level));
        } catch (EngineException refused) {
          watch.accept(level.name() + ": its network takes no other size");
        }
      }
    }
    return figures;
  }

  private List<Figure> uncut(Level level) throws InterruptedException {
    int number = levels().indexOf(level);
    Level whole = Seams.uncut(level);
    List<Take> some = kept().subList(0, Math.min(UNCUT, kept().size()));
    List<float[]> pieces =
        Abreast.all(
            some.size(),
            (from, to) -> {
              List<float[]> share = new ArrayList<>();
              try (ClipSampler studio = new ClipSampler(candidate, List.of(level.name()))) {
                for (int i = from; i < to; i++) {
                  float[] below = some.get(i).samples.get(number - 1);
                  String prompt = asked.get(i).prompt();
                  share.add(
                      studio.segment(whole, Mosaic.whole(whole), prompt, 1L + i, below).sample());
                }
              }
              return share;
            });
    Level below = levels().get(number - 1);
    Seams cut = new Seams(below, level);
    Seams none = new Seams(below, level);
    double square = 0;
    for (int i = 0; i < some.size(); i++) {
      List<float[]> samples = some.get(i).samples;
      cut.add(samples.get(number), samples.get(number - 1));
      none.add(pieces.get(i), samples.get(number - 1));
      square += Math.pow(10, -Clips.psnr(samples.get(number), pieces.get(i)) / 10);
    }
    List<Figure> figures = new ArrayList<>();
    String name = level.name();
    figures.add(
        Figure.of(name + ": cut against in one piece, dB", -10 * Math.log10(square / some.size()))
            .toReach(new Bar.AtLeast(35)));
    if (cut.tiled()) {
      figures.add(
          Figure.of(
                  name + ": steps across tile borders, in one piece = 1",
                  cut.acrossTiles() / none.acrossTiles())
              .toReach(new Bar.AtMost(1.1)));
    }
    if (cut.windowed()) {
      figures.add(
          Figure.of(
                  name + ": steps across window borders, in one piece = 1",
                  cut.acrossWindows() / none.acrossWindows())
              .toReach(new Bar.AtMost(1.1)));
    }
    return figures;
  }

  /**
   * What a clip costs, level by level.
   *
   * @param fast the same clips made in few steps, to stand beside them
   */
  List<Figure> costs(@Nullable ClipSamples fast) {
    List<Figure> figures = new ArrayList<>();
    for (Level level : levels()) {
      figures.add(
          cost(
              "%s: network evaluations a clip, of %s segments"
                  .formatted(level.name(), level.segments().size()),
              fast,
              one -> one.cost(level).evaluations() / (double) one.cost(level).samples()));
      figures.add(
          cost(
              level.name() + ": seconds of one core a clip",
              fast,
              one -> one.cost(level).seconds() / one.cost(level).samples()));
    }
    figures.add(
        cost(
            "all levels: seconds of one core a clip",
            fast,
            one ->
                levels().stream()
                    .mapToDouble(level -> one.cost(level).seconds() / one.cost(level).samples())
                    .sum()));
    figures.add(
        cost(
            "all levels: seconds of the clock a clip, %s abreast".formatted(Abreast.THREADS),
            fast,
            one -> one.seconds / one.takes.size()));
    return figures;
  }

  private Figure cost(
      String what, @Nullable ClipSamples fast, ToDoubleFunction<ClipSamples> value) {
    Figure figure = Figure.of(what, value.applyAsDouble(this));
    return fast == null ? figure : figure.beside("fast", value.applyAsDouble(fast));
  }

  private Cost cost(Level level) {
    return costs.getOrDefault(level.name(), new Cost(0, 0, 0));
  }
}
