package glimt.training.pictures;

import glimt.media.ContactSheet;
import glimt.media.ContactSheet.Cell;
import glimt.media.Picture;
import glimt.metrics.Bar;
import glimt.metrics.Figure;
import glimt.model.Codec;
import glimt.model.Level;
import glimt.training.evaluation.Assessor;
import glimt.training.evaluation.Candidate;
import glimt.training.evaluation.CascadeSampler;
import glimt.training.evaluation.Comparison;
import glimt.training.evaluation.Prompt;
import glimt.training.evaluation.Round;
import glimt.training.evaluation.SamplerPool;
import glimt.training.evaluation.Samples;
import glimt.training.evaluation.Unnamed;
import glimt.training.pictures.PictureAssessor.Wanted;
import glimt.training.recipe.Recipe.NetworkRecipe;
import glimt.training.sprites.Sprites.Sprite;
import glimt.training.words.CaptionGrammar;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * Measures pictures: whether they show the subject and the background that their captions name, for
 * combinations held out of training, and for captions whose phrasing and words are held out too.
 */
final class PictureAssessor implements Assessor<Wanted, PictureAnswer> {
  private static final long PROMPTS = 100;
  private static final int UNNAMED = 40;
  private static final int COLUMNS = 8;

  /**
   * What a caption describes.
   *
   * @param newWords whether the phrasing and the words of the caption are held out of training
   */
  record Wanted(int subject, int colour, boolean newWords) {}

  private final Candidate candidate;
  private final CaptionGrammar grammar;
  private final PictureJudge judge;
  private final ThreadLocal<PictureDecoder> decoders;
  private final List<PictureDecoder> opened = new ArrayList<>();
  private final @Nullable List<Sprite> sprites;

  /**
   * Prepares the assessment of a candidate.
   *
   * @param sprites the sprites of all subjects; if null, pictures are not compared with real ones
   */
  PictureAssessor(Candidate candidate, PictureRecipe recipe, @Nullable List<Sprite> sprites) {
    this.candidate = candidate;
    this.grammar = recipe.grammar();
    this.judge =
        new PictureJudge(candidate.classifier(recipe.classifier(), recipe.heads()), grammar);
    this.sprites = sprites;
    this.decoders = ThreadLocal.withInitial(this::decoder);
  }

  private PictureDecoder decoder() {
    Codec codec = candidate.card().levels().getFirst().codec();
    if (codec == null) {
      throw new IllegalStateException("the level of pictures has no decoder");
    }
    PictureDecoder decoder = new PictureDecoder(codec, candidate.part(codec.network()));
    synchronized (opened) {
      opened.add(decoder);
    }
    return decoder;
  }

  @Override
  public Optional<Round<Wanted>> first(int samples) {
    return Optional.empty();
  }

  /** Held-out combinations, every second one in words that are held out too. */
  @Override
  public Round<Wanted> whole(int samples) {
    SplittableRandom random = new SplittableRandom(PROMPTS);
    List<Prompt<Wanted>> prompts = new ArrayList<>();
    for (int i = 0; i < samples; i++) {
      int subject = i / 2 % grammar.subjects().size();
      int colour;
      do {
        colour = random.nextInt(grammar.colours().size());
      } while (!grammar.heldOut(subject, colour) && anyHeldOut(subject));
      boolean newWords = i % 2 == 1;
      String caption =
          newWords
              ? grammar.heldOutCaption(subject, colour, CaptionGrammar.UNSAID, random)
              : grammar.caption(subject, colour, CaptionGrammar.UNSAID, random);
      prompts.add(new Prompt<>(caption, i, new Wanted(subject, colour, newWords)));
    }
    return new Round<>(
        candidate.card().levels().getLast(), false, samples, prompts, sprites != null);
  }

  private boolean anyHeldOut(int subject) {
    for (int colour = 0; colour < grammar.colours().size(); colour++) {
      if (grammar.heldOut(subject, colour)) {
        return true;
      }
    }
    return false;
  }

  @Override
  public int kept() {
    return UNNAMED;
  }

  @Override
  public float[] seen(Level level, float[] sample) {
    return decoders.get().decoded(sample);
  }

  @Override
  public PictureAnswer judge(Round<Wanted> round, Samples<Wanted> samples) {
    return PictureAnswer.of(round.prompts(), samples.seen(), judge);
  }

  @Override
  public @Nullable PictureAnswer real(Round<Wanted> round) {
    return drawn(round, 1);
  }

  /** Another draw of real pictures: all poses are in the training data, so these are copies. */
  @Override
  public @Nullable PictureAnswer copied(Round<Wanted> round, PictureAnswer made) {
    return drawn(round, 2);
  }

  private @Nullable PictureAnswer drawn(Round<Wanted> round, long seed) {
    List<Sprite> from = sprites;
    if (from == null) {
      return null;
    }
    SplittableRandom random = new SplittableRandom(seed);
    List<float[]> pictures = new ArrayList<>();
    for (Prompt<Wanted> prompt : round.prompts()) {
      Wanted wanted = prompt.wanted();
      pictures.add(RealPictures.exact(from.get(wanted.subject), grammar, wanted.colour, random));
    }
    return PictureAnswer.of(round.prompts(), pictures, judge);
  }

  @Override
  public long untrainedSeed(NetworkRecipe network) {
    return network.seed();
  }

  @Override
  public List<Figure> figures(
      Round<Wanted> round, Samples<Wanted> made, Comparison<PictureAnswer> all) {
    List<Figure> figures =
        new ArrayList<>(
            List.of(
                Figure.of("pictures", made.all().size()),
                all.line("subject", PictureAnswer::subject).toReach(new Bar.AtLeast(0.9)),
                all.line("background", PictureAnswer::background).toReach(new Bar.AtLeast(0.97)),
                all.line("both", PictureAnswer::both).toReach(new Bar.AtLeast(0.88)),
                all.line("both, in phrasings and words held out", PictureAnswer::newWords)
                    .toReach(new Bar.AtLeast(0.82))));
    PictureAnswer real = all.other(Comparison.REAL);
    PictureAnswer again = all.other(Comparison.COPIED);
    if (real != null && again != null) {
      figures.add(
          all.line("sharpness / real", one -> one.edges() / real.edges())
              .toReach(new Bar.AtLeast(0.85)));
      double apart = again.moments().frechet(real.moments());
      figures.add(
          all.line(
                  "Fréchet distance / real to real",
                  one -> one.moments().frechet(real.moments()) / apart)
              .toReach(new Bar.AtMost(2)));
    }
    return List.copyOf(figures);
  }

  @Override
  public List<Figure> enlarged(Level level, int samples, SamplerPool<CascadeSampler> pool) {
    return List.of();
  }

  @Override
  public List<Figure> costs(Samples<Wanted> made, @Nullable Samples<Wanted> fast) {
    Level level = candidate.card().levels().getFirst();
    return List.of(
        Comparison.cost(
            "processor seconds a picture, without decoding",
            made,
            fast,
            all -> all.cost(level).secondsEach()),
        Comparison.cost("network evaluations", made, fast, all -> all.cost(level).callsEach()));
  }

  @Override
  public List<Prompt<Wanted>> shown() {
    SplittableRandom random = new SplittableRandom(PROMPTS);
    List<Prompt<Wanted>> prompts = new ArrayList<>();
    for (int i = 0; i < UNNAMED + COLUMNS; i++) {
      int subject = i * grammar.subjects().size() / (UNNAMED + COLUMNS);
      int colour = random.nextInt(grammar.colours().size());
      String caption = grammar.caption(subject, colour, CaptionGrammar.UNSAID, random);
      prompts.add(new Prompt<>(caption, i, new Wanted(subject, colour, false)));
    }
    return prompts;
  }

  @Override
  public Picture sheet(Samples<Wanted> samples) {
    return ContactSheet.of(cells(samples), COLUMNS, Portrait.SIDE);
  }

  @Override
  public List<Prompt<Wanted>> unnamed() {
    SplittableRandom random = new SplittableRandom(PROMPTS + 1);
    List<Prompt<Wanted>> prompts = new ArrayList<>();
    for (int i = 0; i < UNNAMED; i++) {
      int subject = random.nextInt(grammar.subjects().size());
      int colour = random.nextInt(grammar.colours().size());
      String caption =
          "a %s on a %s background"
              .formatted(
                  grammar.subjects().get(subject).word(), grammar.colours().get(colour).word());
      prompts.add(new Prompt<>(caption, 1000 + i, new Wanted(subject, colour, false)));
    }
    return prompts;
  }

  @Override
  public Unnamed unnamed(Samples<Wanted> samples) {
    return new Unnamed(cells(samples), COLUMNS, Portrait.SIDE);
  }

  private static List<Cell> cells(Samples<Wanted> samples) {
    List<Cell> cells = new ArrayList<>();
    for (int i = 0; i < Math.min(samples.all().size(), UNNAMED + COLUMNS); i++) {
      cells.add(
          new Cell(
              Portrait.picture(samples.all().get(i).seen(), Portrait.SIDE),
              samples.prompts().get(i).text()));
    }
    return cells;
  }

  @Override
  public void close() {
    judge.close();
    opened.forEach(PictureDecoder::close);
  }
}
