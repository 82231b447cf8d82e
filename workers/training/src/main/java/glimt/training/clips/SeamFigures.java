package glimt.training.clips;

import ai.djl.engine.EngineException;
import glimt.metrics.Bar;
import glimt.metrics.Clips;
import glimt.metrics.Figure;
import glimt.model.Level;
import glimt.pipeline.Mosaic;
import glimt.training.evaluation.CascadeSampler;
import glimt.training.evaluation.Comparison;
import glimt.training.evaluation.SamplerPool;
import glimt.training.evaluation.Samples;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Figures for the visibility of the borders between windows and tiles.
 *
 * @param samples whole clips, some of which keep all their levels
 */
record SeamFigures(Samples<Scene> samples) {
  /** The number of clips that are also generated in one piece. */
  private static final int UNCUT = 8;

  private List<Level> levels() {
    return samples.candidate().card().levels();
  }

  /**
   * The changes across the borders of windows and tiles of each level, compared with real clips.
   */
  List<Figure> borders(@Nullable Ladder ladder) {
    List<Figure> figures = new ArrayList<>();
    List<Samples.MadeSample> kept = samples.kept();
    for (Level level : levels().subList(1, levels().size())) {
      int number = levels().indexOf(level);
      Level below = levels().get(number - 1);
      Seams made = new Seams(below, level);
      Seams real = new Seams(below, level);
      for (int i = 0; i < kept.size(); i++) {
        List<float[]> clip = kept.get(i).levels();
        made.add(clip.get(number), clip.get(number - 1));
        if (ladder != null) {
          float[] truth = ladder.truth(samples.prompts().get(i).wanted(), level);
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
   * Compares divided levels with the same levels generated in one piece from the same noise and
   * level below. Networks that support only one size are omitted.
   */
  List<Figure> uncut(Consumer<String> watch) throws InterruptedException {
    List<Figure> figures = new ArrayList<>();
    for (Level level : levels().subList(1, levels().size())) {
      if (level.segments().size() > 1) {
        watch.accept(level.name() + ": in one piece");
        try {
          figures.addAll(uncut(level));
        } catch (EngineException refused) {
          watch.accept(level.name() + ": the network supports no other size");
        }
      }
    }
    return figures;
  }

  private List<Figure> uncut(Level level) throws InterruptedException {
    int number = levels().indexOf(level);
    Level whole = Seams.uncut(level);
    List<Samples.MadeSample> kept = samples.kept();
    List<Samples.MadeSample> some = kept.subList(0, Math.min(UNCUT, kept.size()));
    List<float[]> pieces;
    try (SamplerPool<CascadeSampler> pool = SamplerPool.of(samples.candidate())) {
      pieces =
          pool.each(
              IntStream.range(0, some.size()).boxed().toList(),
              (sampler, i) ->
                  sampler
                      .segment(
                          whole,
                          Mosaic.of(whole).whole(),
                          samples.prompts().get(i),
                          some.get(i).levels().get(number - 1))
                      .sample());
    }
    Level below = levels().get(number - 1);
    Seams cut = new Seams(below, level);
    Seams none = new Seams(below, level);
    double square = 0;
    for (int i = 0; i < some.size(); i++) {
      List<float[]> clip = some.get(i).levels();
      cut.add(clip.get(number), clip.get(number - 1));
      none.add(pieces.get(i), clip.get(number - 1));
      square += Math.pow(10, -Clips.psnr(clip.get(number), pieces.get(i)) / 10);
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
}
