package glimt.job;

import glimt.model.BundleCard;
import glimt.model.EarlyEnd;
import glimt.model.Encoder;
import glimt.model.FirstFrame;
import glimt.model.GuidanceRule;
import glimt.model.Level;
import glimt.model.LoraAdapter;
import glimt.model.NoPrompt;
import glimt.model.Port;
import glimt.model.Quality;
import glimt.model.Refinement;
import glimt.model.Sampling;
import glimt.model.Schedule;
import glimt.model.Segment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * How a job is split into tasks. The plan depends on the spec, the card and the level that it takes
 * over, so that a job is split, and its result looks, the same on one worker or on forty.
 *
 * <pre>
 *   encode ─┬─ base ─ assemble ─┬─ temporal 0 ─┬─ assemble ─┬─ spatial 0 ─┬─ decode 0 ─┬─ assemble
 *           │                   ├─ temporal 1 ─┤            ├─ spatial 1 ─┼─ decode 1 ─┤
 *           └─ …                └─ …          ─┘            └─ …         ─┴─ …        ─┘
 * </pre>
 *
 * @param levels the levels from the base, or the one that is taken over, to the last one needed, at
 *     the sizes of this job
 * @param tasks all tasks, each after the tasks that it reads from
 * @param warnings for the client
 */
public record Plan(List<Level> levels, List<PlannedTask> tasks, List<String> warnings) {
  /** The port by which an assemble task receives the pieces that it blends. */
  public static final String PIECE = "piece";

  /**
   * The port by which a decode task, or a sample task that enlarges them, receives the latents that
   * it reads.
   */
  public static final String LATENT = "latent";

  /** The port by which a sample or decode task receives the level below. */
  public static final String BELOW = "below";

  private static final String UNCONDITIONAL = ".unconditional";

  public Plan {
    levels = List.copyOf(levels);
    tasks = List.copyOf(tasks);
    warnings = List.copyOf(warnings);
  }

  /**
   * One task of a plan.
   *
   * @param ordinal its index in {@link Plan#tasks}
   * @param inputs the results that it reads, in the order in which it reads them
   * @param content identifies a result that other jobs can share; null if only this job uses it
   * @param need what it requires of a worker
   * @param taken whether it is not done, because another job has done the same work and its result
   *     is taken over
   */
  public record PlannedTask(
      int ordinal,
      Work work,
      List<PlannedInput> inputs,
      @Nullable ContentKey content,
      Need need,
      boolean taken) {
    public PlannedTask {
      inputs = List.copyOf(inputs);
    }

    /** A task that is done. */
    public PlannedTask(
        int ordinal,
        Work work,
        List<PlannedInput> inputs,
        @Nullable ContentKey content,
        Need need) {
      this(ordinal, work, inputs, content, need, false);
    }

    /** Returns the ordinals of the tasks that it reads from, in the order of its inputs. */
    public List<Integer> after() {
      return inputs.stream().map(PlannedInput::task).toList();
    }
  }

  /**
   * An edge of the plan, from the task that makes a result to the task that reads it.
   *
   * @param task the ordinal of the task that makes the result
   * @param port the role of the result for the task that reads it
   */
  public record PlannedInput(int task, String port) {}

  /** Returns the port by which a sample task receives an encoder's result for the prompt. */
  public static String port(Encoder encoder) {
    return encoder.name();
  }

  /** Returns the port by which it receives the encoder's result for the unconditional answer. */
  public static String unconditionalPort(Encoder encoder) {
    return encoder.name() + UNCONDITIONAL;
  }

  /**
   * Plans a job.
   *
   * @throws InvalidSpec if the bundle cannot make what the spec asks for
   */
  public static Plan of(JobSpec spec, BundleCard card) {
    return of(spec, card, null);
  }

  /**
   * Plans a job that may begin with a level of another. Of that level it has the task that
   * assembles it, and those that sample it if the next level reads their latents; it has no task
   * below.
   *
   * @param taken the name of the level that is taken over; null to begin at the base
   * @throws InvalidSpec if the bundle cannot make what the spec asks for, or nothing is left to
   *     make
   */
  public static Plan of(JobSpec spec, BundleCard card, @Nullable String taken) {
    if (spec.kind() != card.kind()) {
      throw new InvalidSpec("model", "%s does not make %s".formatted(card.name(), spec.kind()));
    }
    if (spec.prompt().isBlank() && !(card.reader() instanceof NoPrompt)) {
      throw new InvalidSpec("prompt", "must say what to make");
    }
    List<Level> asked = Sizing.levels(card, spec.extents());
    Quality quality = spec.sampling().quality();
    List<String> warnings = new ArrayList<>(card.reader().warnings(spec.prompt()));
    if (quality == Quality.FAST) {
      List<String> slow =
          asked.stream().filter(level -> level.fast() == null).map(Level::name).toList();
      if (!slow.isEmpty()) {
        warnings.add(
            "%s has no fast network for %s, which is made at full quality instead"
                .formatted(card.name(), String.join(", ", slow)));
      }
      if (asked.getFirst().fast() != null) {
        refuseSampling(spec.sampling());
      }
    }
    List<Level> levels = asked.stream().map(level -> level.at(quality)).toList();
    if (spec.negativePrompt() != null && levels.stream().noneMatch(Plan::readsNegative)) {
      warnings.add("%s does not read negative prompts, so it is ignored".formatted(card.name()));
    }
    checkInput(spec, card);
    checkLoras(spec, card);
    checkNoiseLevel(spec, card, levels);
    checkEarlyEnd(spec, card, levels);
    FileSize.check(spec, levels.getLast().seen());
    Growing growing = new Growing(spec, card, asked.equals(card.levels().subList(0, asked.size())));
    int first = taken == null ? -1 : place(levels, taken, "from");
    String until = spec.until();
    int last = until == null ? levels.size() - 1 : place(levels, until, "levels");
    if (first >= last) {
      throw new InvalidSpec(
          "from",
          "is %s, above which there is no level to make: %s has %s"
              .formatted(taken, card.name(), names(levels)));
    }
    if (taken != null) {
      growing.take(levels.get(first), first == 0, levels.get(first + 1).upsamplesBelow());
    }
    for (int i = first + 1; i <= last; i++) {
      growing.add(levels.get(i), i == 0);
    }
    return new Plan(levels.subList(Math.max(first, 0), last + 1), growing.tasks, warnings);
  }

  private static int place(List<Level> levels, String name, String field) {
    int place = names(levels).indexOf(name);
    if (place < 0) {
      throw new InvalidSpec(
          field, "must be one of the levels %s, not %s".formatted(names(levels), name));
    }
    return place;
  }

  private static List<String> names(List<Level> levels) {
    return levels.stream().map(Level::name).toList();
  }

  /** Refuses a picture or clip that the base level cannot begin with, and misses one it needs. */
  private static void checkInput(JobSpec spec, BundleCard card) {
    JobInput input = spec.input();
    Level base = card.levels().getFirst();
    FirstFrame first = base.firstFrame();
    if (input == null) {
      if (first != null && first.needed()) {
        throw new InvalidSpec(
            "input_image",
            "is missing: %s %s"
                .formatted(
                    card.name(),
                    base.enlargesPicture()
                        ? "enlarges a picture"
                        : "makes clips of a first picture"));
      }
      return;
    }
    boolean takes = input.video() == null ? card.takesPicture() : card.takesClip();
    if (!takes) {
      throw new InvalidSpec(
          input.video() == null ? "input_image" : "input_video",
          "does not go with %s, which cannot begin with one".formatted(card.name()));
    }
    if (input.video() == null && (first != null) != (input.strength() == null)) {
      throw new InvalidSpec(
          "strength",
          first == null
              ? "must say how far the input_image is changed"
              : "does not go with %s, which %s"
                  .formatted(
                      card.name(),
                      base.enlargesPicture()
                          ? "enlarges the input_image"
                          : "keeps the input_image as its first frame"));
    }
  }

  /** Refuses LoRAs that the bundle does not have. */
  private static void checkLoras(JobSpec spec, BundleCard card) {
    List<String> known = card.offeredLoras().stream().map(LoraAdapter::name).toList();
    for (LoraChoice lora : spec.chosenLoras()) {
      if (!known.contains(lora.name())) {
        throw new InvalidSpec(
            "loras",
            known.isEmpty()
                ? "do not go with %s, which was imported with none".formatted(card.name())
                : "must be some of %s, those of %s, not %s"
                    .formatted(String.join(", ", known), card.name(), lora.name()));
      }
    }
  }

  /** Refuses a noise level that no level takes, or that is beyond a level's chain. */
  private static void checkNoiseLevel(JobSpec spec, BundleCard card, List<Level> levels) {
    Integer noise = spec.noiseLevel();
    if (noise == null) {
      return;
    }
    List<Level> taking = levels.stream().filter(Level::takesAnyNoiseBelow).toList();
    if (taking.isEmpty()) {
      throw new InvalidSpec(
          "noise_level",
          "does not go with %s at this size, none of whose levels can be told the noise of the one below"
              .formatted(card.name()));
    }
    for (Level level : taking) {
      if (level.belowNoising() != null) {
        if (noise > level.belowNoising().most()) {
          throw new InvalidSpec(
              "noise_level",
              "must be 0 to %s for %s, not %s"
                  .formatted(level.belowNoising().most(), level.name(), noise));
        }
      } else if (level.sampling().schedule() instanceof Schedule.Published published
          && published.settings().get("num_train_timesteps") instanceof Number length
          && noise >= length.intValue()) {
        throw new InvalidSpec(
            "noise_level",
            "must be below %s, the length of the chain of %s, not %s"
                .formatted(length, level.name(), noise));
      }
    }
  }

  /** Refuses walks that end early where no level's card says how early. */
  private static void checkEarlyEnd(JobSpec spec, BundleCard card, List<Level> levels) {
    if (spec.sampling().endsEarly()
        && levels.stream().allMatch(level -> level.earlyEnd() == null)) {
      throw new InvalidSpec(
          "steps",
          spec.sampling().quality() == Quality.FAST
              ? "cannot be auto with quality fast, whose few steps are fixed; leave one of them out"
              : "cannot be auto with %s, whose card states no tolerance; give a number, or leave it out"
                  .formatted(card.name()));
    }
  }

  private static boolean readsNegative(Level level) {
    boolean told = level.sampling().guidance().mixing() == GuidanceRule.Mixing.TOLD;
    return !told
        && level.ports().stream()
            .anyMatch(
                port ->
                    port.unconditional() == Port.Unconditional.NEGATIVE_PROMPT
                        || port.unconditional() == Port.Unconditional.NEGATIVE_PROMPT_OR_ZEROS);
  }

  /** Returns this plan with one more warning. */
  public Plan with(String warning) {
    return new Plan(levels, tasks, Stream.concat(warnings.stream(), Stream.of(warning)).toList());
  }

  /** Refuses sampling options, because a fast network works only with the sampling it learned. */
  private static void refuseSampling(SamplingOptions options) {
    Map<String, @Nullable Object> fields = new LinkedHashMap<>();
    fields.put("steps", options.steps());
    fields.put("guidance", options.guidance());
    fields.put("sampler", options.sampler());
    fields.put("guidanceRule", options.guidanceRule());
    fields.put("schedule", options.schedule());
    fields.put("thresholds", options.thresholds());
    fields.forEach(
        (field, value) -> {
          if (value != null) {
            throw new InvalidSpec(
                field,
                "does not go with quality fast, whose sampling is fixed; leave one of them out");
          }
        });
  }

  /** Builds the tasks of a plan, level by level. */
  private static final class Growing {
    private final JobSpec spec;
    private final BundleCard card;
    private final boolean usual;
    private final List<PlannedTask> tasks = new ArrayList<>();
    private final Map<String, Integer> encoded = new HashMap<>();
    private @Nullable Integer below;

    /** What the level below sampled, in its segments' order. */
    private List<PlannedInput> latents = List.of();

    /**
     * @param usual whether the levels have the default sizes of their card
     */
    private Growing(JobSpec spec, BundleCard card, boolean usual) {
      this.spec = spec;
      this.card = card;
      this.usual = usual;
    }

    /** Plans what is taken over of a level, which other tasks made. */
    private void take(Level level, boolean base, boolean latent) {
      List<PlannedInput> sampled = new ArrayList<>();
      if (latent) {
        for (Segment segment : level.segments()) {
          sampled.add(new PlannedInput(taken(sample(level, base, segment)), LATENT));
        }
      }
      below = taken(assemble(level));
      latents = List.copyOf(sampled);
    }

    private int taken(Work work) {
      int ordinal = tasks.size();
      tasks.add(new PlannedTask(ordinal, work, List.of(), null, Need.NOTHING, true));
      return ordinal;
    }

    private Work assemble(Level level) {
      return new Work.Assemble(level.name(), level.seen(), FileSize.scale(spec, level.seen()));
    }

    private Work sample(Level level, boolean base, Segment segment) {
      Sampling sampling = base ? sampling(level) : level.sampling();
      EarlyEnd early = spec.sampling().endsEarly() ? level.earlyEnd() : null;
      return new Work.Sample(
          level.name(),
          segment,
          early == null ? sampling : sampling.ending(early.tolerance()),
          usual ? null : level.extents(),
          strength(level, base, sampling));
    }

    private void add(Level level, boolean base) {
      List<PlannedInput> conditions = conditions(level, base ? sampling(level) : level.sampling());
      Map<Segment, Integer> sampled = new LinkedHashMap<>();
      for (Segment segment : level.segments()) {
        sampled.put(segment, task(sample(level, base, segment), conditions, null));
      }
      List<PlannedInput> pieces = new ArrayList<>();
      if (level.codec() == null) {
        sampled.values().forEach(task -> pieces.add(new PlannedInput(task, PIECE)));
      } else {
        for (Segment piece : level.decodings()) {
          List<PlannedInput> read = new ArrayList<>();
          sampled.entrySet().stream()
              .filter(made -> made.getKey().meets(piece))
              .forEach(made -> read.add(new PlannedInput(made.getValue(), LATENT)));
          if (below != null && level.codec().readsBelow()) {
            read.add(new PlannedInput(below, BELOW));
          }
          Work work = new Work.Decode(level.name(), piece, level.extents());
          pieces.add(new PlannedInput(task(work, read, null), PIECE));
        }
      }
      below = task(assemble(level), pieces, null);
      latents = sampled.values().stream().map(task -> new PlannedInput(task, LATENT)).toList();
    }

    /** Returns how much of a level's walk is walked; null if it begins with noise alone. */
    private @Nullable Double strength(Level level, boolean base, Sampling sampling) {
      JobInput input = spec.input();
      Double given = input == null ? null : input.strength();
      if (base && given != null) {
        try {
          Refinement.skipped(sampling.steps(), given);
        } catch (IllegalArgumentException e) {
          throw new InvalidSpec("strength", String.valueOf(e.getMessage()));
        }
        return given;
      }
      return level.refinement() == null ? null : (Double) level.refinement().strength();
    }

    /** Returns the inputs that all segments of a level read. */
    private List<PlannedInput> conditions(Level level, Sampling sampling) {
      Map<String, Integer> fed = new LinkedHashMap<>();
      for (Port port : level.ports()) {
        if (port.encoder() != null) {
          Encoder encoder = card.encoder(port.encoder());
          fed.put(port(encoder), encode(encoder, spec.prompt(), ""));
          String other = otherPrompt(port);
          if (sampling.guided() && other != null) {
            fed.put(unconditionalPort(encoder), encode(encoder, other, UNCONDITIONAL));
          }
        }
      }
      if (below != null && !level.upsamplesBelow()) {
        fed.put(BELOW, below);
      }
      List<PlannedInput> read = new ArrayList<>();
      fed.forEach((port, task) -> read.add(new PlannedInput(task, port)));
      if (level.upsamplesBelow()) {
        read.addAll(latents);
      }
      return read;
    }

    private @Nullable String otherPrompt(Port port) {
      return switch (port.unconditional()) {
        case EMPTY_PROMPT -> "";
        case NEGATIVE_PROMPT -> Objects.requireNonNullElse(spec.negativePrompt(), "");
        case NEGATIVE_PROMPT_OR_ZEROS -> spec.negativePrompt();
        case SAME, ZEROS, DROP, LOW_SCORE -> null;
      };
    }

    /** Each text is encoded once for all levels. */
    private int encode(Encoder encoder, String text, String side) {
      return encoded.computeIfAbsent(
          encoder.name() + side,
          _ ->
              task(
                  new Work.Encode(encoder.name(), text, encoder.lexicon()),
                  List.of(),
                  ContentKey.of(card, encoder, text, spec.chosenLoras())));
    }

    private Need need(Work work) {
      return switch (work) {
        case Work.Encode encode -> need(card.encoder(encode.level()).network());
        case Work.Sample sample -> need(level(sample.level()).network());
        case Work.Decode decode ->
            need(Objects.requireNonNull(level(decode.level()).codec()).network());
        case Work.Assemble _ -> Need.NOTHING;
      };
    }

    private Level level(String name) {
      return card.level(name).at(spec.sampling().quality());
    }

    private Need need(String network) {
      return new Need(
          card.files().get(network + ".safetensors"), card.weights().getOrDefault(network, 0L));
    }

    private int task(Work work, List<PlannedInput> inputs, @Nullable ContentKey content) {
      int ordinal = tasks.size();
      tasks.add(new PlannedTask(ordinal, work, inputs, content, need(work)));
      return ordinal;
    }

    /** Returns the sampling of the base level: the card's, with the job's options applied. */
    private Sampling sampling(Level level) {
      SamplingOptions options = spec.sampling();
      Sampling usualWalk = level.sampling();
      if (options.schedule() != null && !level.parametrisation().goesWith(options.schedule())) {
        throw new InvalidSpec(
            "schedule",
            "does not go with %s, whose network answers %s; choose a schedule of type %s"
                .formatted(
                    card.name(),
                    level.parametrisation().answer(),
                    level.parametrisation().schedules()));
      }
      GuidanceRule rule = options.guidanceRule();
      boolean told = usualWalk.guidance().mixing() == GuidanceRule.Mixing.TOLD;
      if (rule != null && told != (rule.mixing() == GuidanceRule.Mixing.TOLD)) {
        throw new InvalidSpec(
            "guidanceRule",
            told
                ? "%s is told the guidance, so its mixing is told and no other"
                    .formatted(card.name())
                : "the network of %s is not told the guidance; choose another mixing"
                    .formatted(card.name()));
      }
      try {
        return new Sampling(
            Objects.requireNonNullElse(options.sampler(), usualWalk.sampler()),
            Objects.requireNonNullElse(options.steps(), usualWalk.steps()),
            Optional.ofNullable(options.guidanceRule())
                .orElseGet(
                    () ->
                        options.guidance() == null
                            ? usualWalk.guidance()
                            : usualWalk.guidance().weighing(options.guidance())),
            Objects.requireNonNullElse(options.schedule(), usualWalk.schedule()));
      } catch (IllegalArgumentException e) {
        throw new InvalidSpec("schedule", String.valueOf(e.getMessage()));
      }
    }
  }
}
