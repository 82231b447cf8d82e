package glimt.published;

import glimt.bundle.BundleException;
import glimt.model.Axis;
import glimt.model.BundleCard;
import glimt.model.BytePair;
import glimt.model.Codec;
import glimt.model.Encoder;
import glimt.model.Expert;
import glimt.model.GuidanceRule;
import glimt.model.Level;
import glimt.model.Port;
import glimt.model.PromptReader;
import glimt.model.Refinement;
import glimt.model.Sampling;
import glimt.model.Schedule;
import glimt.model.SizeRule;
import glimt.model.Unigram;
import glimt.model.WordPiece;
import glimt.pipeline.LevelWalk;
import glimt.published.ImportLevels.LevelSource;
import glimt.published.ImportLevels.PixelSize;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Joins the cards of several pipelines into one, each of which refines what the one before made.
 * What the files of two pipelines have in common, such as their text encoder, is kept once.
 */
final class LevelChain {
  private static final String NAME = "refined";

  /** What a tile is long for each position that it shares with the next one. */
  private static final int OVERLAP = 4;

  private final BundleDraft draft;

  LevelChain(BundleDraft draft) {
    this.draft = draft;
  }

  /** The name of a level above the base, the first of which is number 1. */
  static String name(int number) {
    return number == 1 ? NAME : NAME + "_" + number;
  }

  /** What the names of a level's files begin with. */
  static String prefix(int number) {
    return name(number) + "_";
  }

  /**
   * A card whose only level has another size.
   *
   * @throws BundleException if the pipeline cannot make it
   */
  static BundleCard sized(BundleCard card, PixelSize size) {
    if (card.levels().size() > 1) {
      throw new BundleException(
          "%s has several levels, whose sizes are its own".formatted(card.name()));
    }
    Level level = card.levels().getFirst();
    return card.with(List.of(sized(level, size.along(level.seen()), card.name())));
  }

  /**
   * A level whose walk is another.
   *
   * @param guidance its weight; null for the usual one
   * @param timesteps a step each; empty for the scheduler's
   * @throws BundleException if its scheduler takes none
   */
  static Level walked(Level level, @Nullable Double guidance, List<Double> timesteps) {
    Sampling usual = level.sampling();
    GuidanceRule rule = guidance == null ? usual.guidance() : usual.guidance().weighing(guidance);
    Sampling walk = new Sampling(usual.sampler(), usual.steps(), rule, usual.schedule());
    if (!timesteps.isEmpty()) {
      if (!(usual.schedule() instanceof Schedule.Published schedule)) {
        throw new BundleException(
            "level %s has no scheduler that takes timesteps".formatted(level.name()));
      }
      walk = new Sampling(usual.sampler(), timesteps.size(), rule, schedule.listing(timesteps));
      try {
        LevelWalk.of(level.parametrisation(), LevelWalk.at(level, walk));
      } catch (IllegalArgumentException refused) {
        throw new BundleException(
            "level %s cannot be walked along %s: %s"
                .formatted(level.name(), timesteps, refused.getMessage()),
            refused);
      }
    }
    return level.walking(walk);
  }

  private static Level sized(Level level, List<Integer> seen, String who) {
    try {
      Level sized = level.seenAt(seen);
      if (!sized.seen().equals(seen)) {
        throw new IllegalArgumentException("the nearest is " + level.nearest(seen));
      }
      return sized;
    } catch (IllegalArgumentException refused) {
      throw new BundleException(
          "%s cannot make %s of %s: %s"
              .formatted(
                  who, seen, level.axes().stream().map(Axis::name).toList(), refused.getMessage()),
          refused);
    }
  }

  /**
   * A card with one more level.
   *
   * @param card of the levels below
   * @param other the card of the pipeline that refines, whose files begin with the {@link #prefix}
   * @param number of the new level, the first of which is 1
   * @throws BundleException if it cannot refine what the level below makes
   */
  BundleCard above(BundleCard card, BundleCard other, LevelSource source, int number) {
    Level own = other.levels().getFirst();
    Level below = card.levels().getLast();
    if (other.kind() != card.kind() || other.levels().size() > 1) {
      throw new BundleException(
          "%s: it makes %s in %s levels, so it cannot refine %s"
              .formatted(source.source(), other.kind(), other.levels().size(), card.kind()));
    }
    boolean enlarges = own.enlargesPicture();
    if (!enlarges && own.firstFrame() != null && own.firstFrame().needed()) {
      throw new BundleException(
          "%s: a %s begins with a picture, so it cannot refine a clip"
              .formatted(source.source(), other.notes().get("published")));
    }
    if (!enlarges && (own.codec() == null || !own.codec().encodes())) {
      throw new BundleException(
          "%s: a %s cannot begin with what is there, so it cannot refine"
              .formatted(source.source(), other.notes().get("published")));
    }
    Level level = enlarges ? Upscaling.over(below, own, source) : refining(below, own, source);
    PixelSize tile = source.tile();
    if (tile != null) {
      level = tiled(level, tile.along(level.seen()));
    }
    String prefix = prefix(number);
    Map<String, String> encoders = new HashMap<>();
    List<Encoder> all = new ArrayList<>(card.encoders());
    for (Encoder encoder : other.encoders()) {
      Encoder prefixed =
          new Encoder(
              prefix + encoder.name(),
              prefix + encoder.network(),
              encoder.reader(),
              encoder.outputs());
      Optional<Encoder> same =
          card.encoders().stream().filter(one -> same(one, prefixed)).findAny();
      if (same.isPresent()) {
        draft.remove(prefixed.network());
      } else {
        all.add(prefixed);
      }
      encoders.put(encoder.name(), same.orElse(prefixed).name());
    }
    UnaryOperator<String> stems = stem -> stem(card, prefix + stem);
    List<Level> levels = new ArrayList<>(card.levels());
    Refinement refinement = enlarges ? null : new Refinement(source.refining());
    levels.add(renamed(level, name(number), stems, encoders, refinement));
    Map<String, String> notes = new TreeMap<>(card.notes());
    other.notes().forEach((name, note) -> notes.put(name(number) + ": " + name, note));
    if (!other.licence().equals(card.licence())) {
      notes.put(name(number) + ": licence", other.licence());
    }
    return new BundleCard(
        BundleCard.VERSION,
        card.name(),
        card.kind(),
        card.summary(),
        card.licence(),
        card.reader(),
        all,
        card.fps(),
        card.scale(),
        card.offset(),
        levels,
        List.of(),
        Map.of(),
        Map.of(),
        notes);
  }

  /** The level at its size above the one that it refines. */
  private static Level refining(Level below, Level own, LevelSource source) {
    List<Integer> seen = new ArrayList<>(own.seen());
    if (seen.size() > 2) {
      seen.set(0, below.seen().getFirst());
    }
    PixelSize size = source.size();
    return sized(own, size == null ? seen : size.along(seen), String.valueOf(source.source()));
  }

  /** The level cut into overlapping tiles of at most these extents of what people see. */
  private static Level tiled(Level level, List<Integer> tile) {
    List<Axis> axes = new ArrayList<>();
    for (int i = 0; i < tile.size(); i++) {
      Axis axis = level.axes().get(i);
      Codec codec = level.codec();
      int asked = codec == null ? tile.get(i) : codec.encoded(i, tile.get(i));
      SizeRule rule = axis.rule();
      int window = Math.min(axis.extent(), Math.max(1, asked / rule.multiple()) * rule.multiple());
      int overlap = window < axis.extent() ? window / OVERLAP : 0;
      int step = Math.max(1, (window - overlap) / rule.multiple()) * rule.multiple();
      axes.add(
          new Axis(axis.name(), axis.extent(), window, Math.min(step, window), 0, axis.sizes()));
    }
    return level.cut(axes);
  }

  /** Whether two encoders make the same of every prompt. */
  private boolean same(Encoder one, Encoder other) {
    return one.outputs().containsAll(other.outputs())
        && draft.same(one.network(), other.network())
        && digests(one.reader()).equals(digests(other.reader()));
  }

  /** A reader that names its files by their digests. */
  private PromptReader digests(PromptReader reader) {
    return switch (reader) {
      case BytePair(var files, int length, int padding, boolean marks, boolean lower) ->
          new BytePair(digests(files), length, padding, marks, lower);
      case Unigram(var files, int length, int padding, boolean marks, boolean lower) ->
          new Unigram(digests(files), length, padding, marks, lower);
      case WordPiece(var files, int length, int padding, boolean marks, boolean lower) ->
          new WordPiece(digests(files), length, padding, marks, lower);
      default -> reader;
    };
  }

  private List<String> digests(List<String> files) {
    return files.stream().map(draft::digest).toList();
  }

  /** The stem of a network, or of one of the card's that is the same. */
  private String stem(BundleCard card, String stem) {
    for (Level level : card.levels()) {
      List<String> known = new ArrayList<>(List.of(level.network()));
      Codec codec = level.codec();
      if (codec != null) {
        known.add(codec.network());
        if (codec.encoding() != null) {
          known.add(codec.encoding().network());
        }
      }
      if (level.expert() != null) {
        known.add(level.expert().network());
      }
      for (String one : known) {
        if (draft.same(one, stem)) {
          draft.remove(stem);
          return one;
        }
      }
    }
    return stem;
  }

  private static Level renamed(
      Level level,
      String name,
      UnaryOperator<String> stems,
      Map<String, String> encoders,
      @Nullable Refinement refinement) {
    Expert expert = level.expert();
    List<Port> ports = new ArrayList<>();
    for (Port port : level.ports()) {
      String encoder = port.encoder();
      ports.add(
          new Port(
              port.name(),
              port.feed(),
              encoder == null ? null : encoders.get(encoder),
              port.output(),
              port.unconditional(),
              port.otherOutput(),
              port.places()));
    }
    return new Level(
        name,
        level.axes(),
        level.channels(),
        stems.apply(level.network()),
        level.parametrisation(),
        ports,
        level.residual(),
        level.belowNoise(),
        level.codec() == null ? null : level.codec().renamed(stems),
        level.sampling(),
        null,
        refinement,
        expert == null
            ? null
            : new Expert(stems.apply(expert.network()), expert.below(), expert.guidance()),
        null,
        level.belowNoising(),
        null);
  }
}
