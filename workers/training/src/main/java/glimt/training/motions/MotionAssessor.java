package glimt.training.motions;

import glimt.media.ContactSheet;
import glimt.media.ContactSheet.Cell;
import glimt.media.Frames;
import glimt.media.Picture;
import glimt.metrics.Bar;
import glimt.metrics.Figure;
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
import glimt.training.motions.MotionAssessor.WantedClip;
import glimt.training.pictures.RealPictures;
import glimt.training.recipe.Recipe.NetworkRecipe;
import glimt.training.sprites.Sprites.Sprite;
import glimt.training.words.CaptionGrammar;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * Measures clips: whether they show the subject, the background and the motion that their captions
 * name, for combinations held out of training; half of the captions are in words of training, and
 * the phrasing and words of the others are held out too; and whether the subject stays what it is
 * and goes where it should.
 */
final class MotionAssessor implements Assessor<WantedClip, MotionAnswer> {
  private static final long PROMPTS = 100;
  private static final int UNNAMED = 40;
  private static final int UNNAMED_COLUMNS = 5;
  private static final int UNNAMED_SIDE = 258;
  private static final int SHOWN = 32;
  private static final int FRAMES_SHOWN = 4;
  private static final int CLIPS_ABREAST = 2;
  private static final int SIDE = 96;

  /**
   * What a caption describes.
   *
   * @param newWords whether the phrasing and the words of the caption are held out of training
   */
  record WantedClip(int subject, int colour, int motion, boolean newWords) {}

  private final Candidate candidate;
  private final CaptionGrammar grammar;
  private final MotionJudge judge;
  private final ThreadLocal<ClipDecoder> decoders;
  private final List<ClipDecoder> opened = new ArrayList<>();
  private final @Nullable List<Sprite> sprites;

  /**
   * Prepares the assessment of a candidate.
   *
   * @param sprites the sprites of all subjects; if null, clips are not compared with real ones
   */
  MotionAssessor(Candidate candidate, MotionRecipe recipe, @Nullable List<Sprite> sprites) {
    this.candidate = candidate;
    this.grammar = recipe.grammar();
    this.judge =
        new MotionJudge(candidate.classifier(recipe.classifier(), recipe.heads()), grammar);
    this.sprites = sprites;
    this.decoders = ThreadLocal.withInitial(this::decoder);
  }

  private ClipDecoder decoder() {
    ClipDecoder decoder = new ClipDecoder(candidate);
    synchronized (opened) {
      opened.add(decoder);
    }
    return decoder;
  }

  @Override
  public Optional<Round<WantedClip>> first(int samples) {
    return Optional.empty();
  }

  /** Held-out combinations, every second one in words that are held out too. */
  @Override
  public Round<WantedClip> whole(int samples) {
    SplittableRandom random = new SplittableRandom(PROMPTS);
    List<Prompt<WantedClip>> prompts = new ArrayList<>();
    for (int i = 0; i < samples; i++) {
      int subject = i / 2 % grammar.subjects().size();
      int motion = i / 2 % grammar.motions().size();
      int colour = heldOut(subject, random);
      boolean newWords = i % 2 == 1;
      String caption =
          newWords
              ? grammar.heldOutCaption(subject, colour, motion, random)
              : grammar.caption(subject, colour, motion, random);
      prompts.add(new Prompt<>(caption, i, new WantedClip(subject, colour, motion, newWords)));
    }
    return new Round<>(
        candidate.card().levels().getLast(), false, samples, prompts, sprites != null);
  }

  /** A colour that training has not combined with a subject; any, if it has combined all. */
  private int heldOut(int subject, SplittableRandom random) {
    int colours = grammar.colours().size();
    int from = random.nextInt(colours);
    for (int i = 0; i < colours; i++) {
      if (grammar.heldOut(subject, (from + i) % colours)) {
        return (from + i) % colours;
      }
    }
    return from;
  }

  @Override
  public int kept() {
    return SHOWN;
  }

  @Override
  public float[] seen(Level level, float[] sample) {
    throw new IllegalStateException("a motion is seen with its picture only");
  }

  @Override
  public float[] seen(List<Level> levels, List<float[]> samples) {
    return Sighting.of(decoders.get().clip(samples), ClipDecoder.SIDE).values();
  }

  @Override
  public MotionAnswer judge(Round<WantedClip> round, Samples<WantedClip> samples) {
    return answer(round, samples.seen().stream().map(Sighting::of).toList());
  }

  private MotionAnswer answer(Round<WantedClip> round, List<Sighting> clips) {
    return MotionAnswer.of(round.prompts(), clips, judge, grammar);
  }

  @Override
  public @Nullable MotionAnswer real(Round<WantedClip> round) {
    return drawn(round, 1);
  }

  /** Another draw of real clips: all poses are in the training data, so these are copies. */
  @Override
  public @Nullable MotionAnswer copied(Round<WantedClip> round, MotionAnswer made) {
    return drawn(round, 2);
  }

  /** Sprites over their background, moved along drawn journeys. */
  private @Nullable MotionAnswer drawn(Round<WantedClip> round, long seed) {
    List<Sprite> from = sprites;
    if (from == null) {
      return null;
    }
    SplittableRandom random = new SplittableRandom(seed);
    List<Sighting> clips = new ArrayList<>();
    for (Prompt<WantedClip> prompt : round.prompts()) {
      WantedClip wanted = prompt.wanted();
      float[] picture =
          RealPictures.exact(from.get(wanted.subject), grammar, wanted.colour, random);
      Journey journey = Journey.drawn(grammar.motions().get(wanted.motion), random);
      clips.add(Sighting.of(decoders.get().moved(picture, journey), ClipDecoder.SIDE));
    }
    return answer(round, clips);
  }

  @Override
  public long untrainedSeed(NetworkRecipe network) {
    return network.seed();
  }

  @Override
  public List<Figure> figures(
      Round<WantedClip> round, Samples<WantedClip> made, Comparison<MotionAnswer> all) {
    List<Figure> figures =
        new ArrayList<>(
            List.of(
                Figure.of("clips", made.all().size()),
                all.line("subject", one -> one.known().subject()).toReach(new Bar.AtLeast(0.95)),
                all.line("background", one -> one.known().colour()).toReach(new Bar.AtLeast(0.99)),
                all.line("motion", one -> one.known().motion()).toReach(new Bar.AtLeast(0.98)),
                all.line("all three", one -> one.known().all()).toReach(new Bar.AtLeast(0.93)),
                all.line("subject, in held-out words", one -> one.newWords().subject()),
                all.line("background, in held-out words", one -> one.newWords().colour()),
                all.line("motion, in held-out words", one -> one.newWords().motion()),
                all.line("all three, in held-out words", one -> one.newWords().all())
                    .toReach(new Bar.AtLeast(0.82)),
                all.line("same subject, first and last frame", MotionAnswer::constancy)
                    .toReach(new Bar.AtLeast(0.9)),
                all.line("drift while still, pixels", MotionAnswer::drift),
                all.line("way aside while going, pixels", MotionAnswer::wander),
                all.line("jitter, pixels", MotionAnswer::jitter)));
    MotionAnswer real = all.other(Comparison.REAL);
    MotionAnswer again = all.other(Comparison.COPIED);
    if (real != null && again != null) {
      figures.add(
          all.line("sharpness / real", one -> one.edges() / real.edges())
              .toReach(new Bar.Between(0.85, 1.15)));
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
  public List<Figure> costs(Samples<WantedClip> made, @Nullable Samples<WantedClip> fast) {
    List<Level> levels = candidate.card().levels();
    List<Figure> figures = new ArrayList<>();
    figures.add(
        Comparison.cost(
            "processor seconds a clip, without decoding",
            made,
            fast,
            all -> levels.stream().mapToDouble(level -> all.cost(level).secondsEach()).sum()));
    for (Level level : levels) {
      figures.add(
          Comparison.cost(
              level.name() + ": network evaluations a clip",
              made,
              fast,
              all -> all.cost(level).callsEach()));
    }
    return figures;
  }

  @Override
  public List<Prompt<WantedClip>> shown() {
    SplittableRandom random = new SplittableRandom(PROMPTS + 2);
    List<Prompt<WantedClip>> prompts = new ArrayList<>();
    for (int i = 0; i < SHOWN; i++) {
      int subject = i * grammar.subjects().size() / SHOWN;
      int motion = i % grammar.motions().size();
      int colour = random.nextInt(grammar.colours().size());
      String caption = grammar.caption(subject, colour, motion, random);
      prompts.add(new Prompt<>(caption, i, new WantedClip(subject, colour, motion, false)));
    }
    return prompts;
  }

  @Override
  public Picture sheet(Samples<WantedClip> samples) {
    List<Cell> cells = new ArrayList<>();
    for (int i = 0; i < samples.kept().size(); i++) {
      String prompt = samples.prompts().get(i).text();
      Frames frames = frames(samples.kept().get(i).levels());
      cells.addAll(ContactSheet.strip(frames, FRAMES_SHOWN, prompt, SIDE));
    }
    return ContactSheet.of(cells, CLIPS_ABREAST * FRAMES_SHOWN, SIDE);
  }

  @Override
  public List<Prompt<WantedClip>> unnamed() {
    SplittableRandom random = new SplittableRandom(PROMPTS + 1);
    List<Prompt<WantedClip>> prompts = new ArrayList<>();
    for (int i = 0; i < UNNAMED; i++) {
      int subject = random.nextInt(grammar.subjects().size());
      int colour = random.nextInt(grammar.colours().size());
      int motion = random.nextInt(grammar.motions().size());
      String caption = grammar.caption(subject, colour, motion, random);
      prompts.add(new Prompt<>(caption, 1000 + i, new WantedClip(subject, colour, motion, false)));
    }
    return prompts;
  }

  /** Each clip as a picture of four frames. */
  @Override
  public Unnamed unnamed(Samples<WantedClip> samples) {
    List<Cell> cells = new ArrayList<>();
    for (int i = 0; i < samples.kept().size(); i++) {
      Frames frames = frames(samples.kept().get(i).levels());
      cells.add(new Cell(ContactSheet.quarters(frames), samples.prompts().get(i).text()));
    }
    return new Unnamed(cells, UNNAMED_COLUMNS, UNNAMED_SIDE);
  }

  private Frames frames(List<float[]> levels) {
    int fps = Math.max(1, candidate.card().fps());
    float[] clip = decoders.get().clip(levels);
    return Frames.ofSample(clip, Journey.FRAMES, ClipDecoder.SIDE, ClipDecoder.SIDE, fps);
  }

  @Override
  public void close() {
    judge.close();
    opened.forEach(ClipDecoder::close);
  }
}
