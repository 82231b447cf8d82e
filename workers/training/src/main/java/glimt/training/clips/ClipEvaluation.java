package glimt.training.clips;

import glimt.bundle.Network;
import glimt.media.ContactSheet.Cell;
import glimt.media.Picture;
import glimt.metrics.Figure;
import glimt.metrics.Moments;
import glimt.model.BundleCard;
import glimt.model.Level;
import glimt.model.Quality;
import glimt.training.clips.HeldOut.Asked;
import glimt.training.evaluation.Candidate;
import glimt.training.recipe.Recipe;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Measures clips on combinations that training never saw: do they show what was asked for, are they
 * like real ones, and is an upsampler worth its time. Seeds and prompts are always the same.
 */
public final class ClipEvaluation implements AutoCloseable {
  /** Seeds of prompts and scenes; clips are sampled from seeds counted from 1. */
  private static final long ASKED = 1;

  private static final long REFERENCE = 2;
  private static final long OTHERS = 3;
  private static final long ENLARGED = 4;
  private static final long UNNAMED = 5;

  /**
   * How much is made.
   *
   * @param clips of the first level
   * @param segments of each upsampler
   * @param whole clips made from the first level to the last
   */
  public record Extent(int clips, int segments, int whole) {
    /** What a card tells. */
    public static final Extent CARD = new Extent(512, 256, 64);
  }

  /** The column of what few steps make, where a level has a network for that. */
  private static final String FAST = "fast";

  private static final int SHOWN = 32;
  private static final int NAMED = 40;

  private final Candidate candidate;
  private final BundleCard card;
  private final Grammar grammar;
  private final Judge judge;
  private final @Nullable Ladder ladder;
  private final Consumer<String> watch;

  /**
   * @param material real clips; without them nothing is compared with what is real
   * @param watch sees a line now and then
   */
  public ClipEvaluation(
      Candidate candidate, @Nullable ClipMaterial material, Consumer<String> watch) {
    ClipRecipe recipe = Recipe.part(candidate.recipe().data(), ClipRecipe.class);
    this.candidate = candidate;
    this.card = candidate.card();
    this.grammar = recipe.grammar();
    this.judge = new Judge(candidate.classifier(recipe.classifier(), recipe.heads()), grammar);
    this.ladder = material == null ? null : new Ladder(material.renderer());
    this.watch = watch;
  }

  /** Figures, and a contact sheet of unselected results. */
  public record Report(List<Figure> figures, @Nullable Picture sheet) {}

  /** All figures of the bundle's card. */
  public Report measure(Extent extent) throws InterruptedException {
    List<Level> levels = card.levels();
    Report first = first(extent.clips());
    List<Figure> figures = new ArrayList<>(first.figures());
    for (Level level : levels.subList(1, levels.size())) {
      figures.addAll(upsampler(level, extent.segments()));
    }
    List<Asked> asked = HeldOut.prompts(grammar, extent.whole(), ASKED);
    ClipSamples premiere = ClipSamples.of(candidate, asked, SHOWN, watch);
    Comparison comparison = comparison(levels.getLast(), extent.whole());
    watch.accept("whole clips: " + premiere.judged("made", comparison));
    if (ladder != null) {
      List<Asked> others = HeldOut.prompts(grammar, extent.whole(), OTHERS);
      List<float[]> real = real(ladder, levels.getLast(), others);
      watch.accept("real: " + comparison.add(Comparison.REAL, others, real));
    }
    ClipSamples fast = null;
    if (levels.stream().anyMatch(level -> level.fast() != null)) {
      fast = ClipSamples.of(candidate.at(Quality.FAST), asked, 0, watch);
      watch.accept("fast: " + fast.judged(FAST, comparison));
    }
    figures.addAll(comparison.figures(levels.getLast().name()));
    figures.addAll(premiere.seams(ladder));
    figures.addAll(premiere.uncut(watch));
    figures.addAll(premiere.costs(fast));
    return new Report(figures, premiere.sheet());
  }

  /** The figures of one level, for which no other network is needed. */
  public Report measure(String level, int samples) throws InterruptedException {
    Level measured = card.level(level);
    return measured.equals(card.levels().getFirst())
        ? first(samples)
        : new Report(upsampler(measured, samples), null);
  }

  /** The first level beside real clips, an untrained network and copies of training clips. */
  private Report first(int samples) throws InterruptedException {
    Level level = card.levels().getFirst();
    List<Asked> asked = HeldOut.prompts(grammar, samples, ASKED);
    watch.accept("%s: %s clips".formatted(level.name(), samples));
    List<float[]> made = sampled(level, () -> candidate.network(level.name()), asked);
    Comparison comparison = comparison(level, samples);
    watch.accept(level.name() + ": " + comparison.add("made", asked, made));
    if (ladder != null) {
      List<Asked> others = HeldOut.prompts(grammar, samples, OTHERS);
      List<float[]> real = real(ladder, level, others);
      watch.accept("real: " + comparison.add(Comparison.REAL, others, real));
    }
    List<float[]> blank = sampled(level, () -> candidate.untrained(level.name()), asked);
    watch.accept("untrained: " + comparison.add("untrained", asked, blank));
    if (ladder != null) {
      Copies copies = new Copies(grammar, ladder, level);
      watch.accept("copied: " + comparison.add("copied", asked, copies.of(asked)));
    }
    if (level.fast() != null) {
      Candidate fast = candidate.at(Quality.FAST);
      Level quick = fast.card().level(level.name());
      List<float[]> students = sampled(quick, () -> fast.network(level.name()), asked);
      watch.accept("fast: " + comparison.add(FAST, asked, students));
    }
    Picture sheet =
        new Showing(card, level).sheet(asked, made.subList(0, Math.min(SHOWN, made.size())));
    return new Report(comparison.figures(level.name()), sheet);
  }

  private List<float[]> sampled(Level level, Supplier<Network> loaded, List<Asked> asked)
      throws InterruptedException {
    return Abreast.all(
        asked.size(),
        (from, to) -> {
          try (Network network = loaded.get()) {
            return new LevelSampler(network, level, card.vocabulary())
                .sample(asked.subList(from, to).stream().map(Asked::prompt).toList(), 1L + from);
          }
        });
  }

  private Comparison comparison(Level level, int samples) {
    List<Asked> asked = HeldOut.prompts(grammar, samples, REFERENCE);
    Moments reference =
        ladder == null ? null : Moments.of(judge.features(real(ladder, level, asked)));
    return new Comparison(judge, grammar, reference);
  }

  private static List<float[]> real(Ladder ladder, Level level, List<Asked> asked) {
    return asked.stream().map(one -> ladder.keys(one.scene(), level)).toList();
  }

  private List<Figure> upsampler(Level level, int segments) throws InterruptedException {
    return ladder == null ? List.of() : upsampler(ladder, level, segments);
  }

  /** An upsampler on held-out clips. */
  private List<Figure> upsampler(Ladder truth, Level level, int segments)
      throws InterruptedException {
    watch.accept("%s: %s segments".formatted(level.name(), segments));
    Level below = Ladder.below(card.levels(), level);
    List<Asked> asked = HeldOut.prompts(grammar, segments, ENLARGED);
    List<Upsampling> shares =
        Abreast.all(
            segments,
            (from, to) -> {
              Upsampling upsampling = new Upsampling(truth, below, level, from);
              try (ClipSampler studio = new ClipSampler(candidate, List.of(level.name()))) {
                for (int i = from; i < to; i++) {
                  upsampling.add(studio, asked.get(i), 1L + i);
                }
              }
              return List.of(upsampling);
            });
    Upsampling all = shares.stream().reduce(Upsampling::plus).orElseThrow();
    return all.figures(judge, HeldOut.prompts(grammar, segments, REFERENCE));
  }

  /** Forty unselected clips to be named by someone who has not seen the prompts. */
  public List<Cell> unnamed() throws InterruptedException {
    List<Asked> asked = HeldOut.ofEverySubject(grammar, NAMED, UNNAMED);
    ClipSamples premiere = ClipSamples.of(candidate, asked, NAMED, watch);
    Showing showing = new Showing(card, card.levels().getLast());
    List<Cell> cells = new ArrayList<>();
    for (int i = 0; i < asked.size(); i++) {
      cells.add(showing.unnamed(asked.get(i), premiere.last(i)));
    }
    return cells;
  }

  @Override
  public void close() {
    judge.close();
  }
}
