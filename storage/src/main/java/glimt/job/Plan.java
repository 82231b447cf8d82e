package glimt.job;

import glimt.model.BundleCard;
import glimt.model.Encoder;
import glimt.model.Level;
import glimt.model.Port;
import glimt.model.Quality;
import glimt.model.Sampling;
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
 * How a job is split: a pure function of what was asked for and the card, so that the same job is
 * split alike on one worker or forty.
 *
 * <pre>
 *   encode ─┬─ base ─ assemble ─┬─ temporal 0 ─┬─ assemble ─┬─ spatial 0 ─┬─ decode 0 ─┬─ assemble
 *           │                   ├─ temporal 1 ─┤            ├─ spatial 1 ─┼─ decode 1 ─┤
 *           └─ …                └─ …          ─┘            └─ …         ─┴─ …        ─┘
 * </pre>
 *
 * @param levels from the base to the one asked for, at the sizes asked for
 * @param tasks in an order in which they could be done one after the other
 * @param warnings for whoever asked
 */
public record Plan(List<Level> levels, List<PlannedTask> tasks, List<String> warnings) {
  /** What an assemble task blends. */
  public static final String PIECE = "piece";

  /** What a decode task reads. */
  public static final String LATENT = "latent";

  /** The level below, to a sample task. */
  public static final String BELOW = "below";

  private static final String UNCONDITIONAL = ".unconditional";

  public Plan {
    levels = List.copyOf(levels);
    tasks = List.copyOf(tasks);
    warnings = List.copyOf(warnings);
  }

  /**
   * @param ordinal its place in {@link Plan#tasks}
   * @param inputs what it reads, in the order in which it reads them
   * @param content names what it makes, for what is made once and found by everybody else; null if
   *     it is this job's own
   * @param need what it needs of a worker
   */
  public record PlannedTask(
      int ordinal, Work work, List<PlannedInput> inputs, @Nullable ContentKey content, Need need) {
    public PlannedTask {
      inputs = List.copyOf(inputs);
    }

    /** The ordinals of the tasks it reads from, in the order in which it reads them. */
    public List<Integer> after() {
      return inputs.stream().map(PlannedInput::task).toList();
    }
  }

  /**
   * An edge of the plan.
   *
   * @param task the ordinal of the task that feeds
   * @param port what its result is to the task that is fed
   */
  public record PlannedInput(int task, String port) {}

  /** The port by which a sample task is fed what an encoder made of the prompt. */
  public static String port(Encoder encoder) {
    return encoder.name();
  }

  /** The port by which it is fed what the encoder made for the answer without conditions. */
  public static String unconditionalPort(Encoder encoder) {
    return encoder.name() + UNCONDITIONAL;
  }

  /**
   * @throws InvalidSpec if the card cannot make what the spec asks for
   */
  public static Plan of(JobSpec spec, BundleCard card) {
    if (spec.kind() != card.kind()) {
      throw new InvalidSpec("model", "%s does not make %s".formatted(card.name(), spec.kind()));
    }
    List<Level> asked = Sizing.levels(card, spec.extents());
    Quality quality = spec.sampling().quality();
    List<String> warnings = new ArrayList<>(card.reader().warnings(spec.prompt()));
    if (quality == Quality.FAST) {
      List<String> slow =
          asked.stream().filter(level -> level.fast() == null).map(Level::name).toList();
      if (!slow.isEmpty()) {
        warnings.add(
            "%s has no fast network for %s, made at full quality instead"
                .formatted(card.name(), String.join(", ", slow)));
      }
      if (asked.getFirst().fast() != null) {
        refuseSampling(spec.sampling());
      }
    }
    List<Level> levels = asked.stream().map(level -> level.at(quality)).toList();
    if (spec.negativePrompt() != null && levels.stream().noneMatch(Plan::readsNegative)) {
      warnings.add("%s cannot be told what to avoid".formatted(card.name()));
    }
    FileSize.check(spec, levels.getLast().seen());
    Growing growing = new Growing(spec, card, asked.equals(card.levels().subList(0, asked.size())));
    for (int i = 0; i < levels.size(); i++) {
      growing.add(levels.get(i), i == 0);
    }
    return new Plan(levels, growing.tasks, warnings);
  }

  private static boolean readsNegative(Level level) {
    return level.ports().stream()
        .anyMatch(port -> port.unconditional() == Port.Unconditional.NEGATIVE_PROMPT);
  }

  /** The same, with one more warning for whoever asked. */
  public Plan with(String warning) {
    return new Plan(levels, tasks, Stream.concat(warnings.stream(), Stream.of(warning)).toList());
  }

  /** A fast network knows the one walk it was taught. */
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
            throw new InvalidSpec(field, "does not go with quality fast, whose walk is fixed");
          }
        });
  }

  /** A plan in the making. */
  private static final class Growing {
    private final JobSpec spec;
    private final BundleCard card;
    private final boolean usual;
    private final List<PlannedTask> tasks = new ArrayList<>();
    private final Map<String, Integer> encoded = new HashMap<>();
    private @Nullable Integer below;

    /**
     * @param usual whether the levels have the sizes that their card gives them
     */
    private Growing(JobSpec spec, BundleCard card, boolean usual) {
      this.spec = spec;
      this.card = card;
      this.usual = usual;
    }

    private void add(Level level, boolean base) {
      Sampling sampling = base ? sampling(level) : level.sampling();
      List<PlannedInput> conditions = conditions(level, sampling);
      Map<Segment, Integer> sampled = new LinkedHashMap<>();
      for (Segment segment : level.segments()) {
        Work work =
            new Work.Sample(level.name(), segment, sampling, usual ? null : level.extents());
        sampled.put(segment, task(work, conditions, null));
      }
      List<PlannedInput> pieces = new ArrayList<>();
      if (level.codec() == null) {
        sampled.values().forEach(task -> pieces.add(new PlannedInput(task, PIECE)));
      } else {
        for (Segment piece : level.decodings()) {
          List<PlannedInput> latents =
              sampled.entrySet().stream()
                  .filter(made -> made.getKey().meets(piece))
                  .map(made -> new PlannedInput(made.getValue(), LATENT))
                  .toList();
          Work work = new Work.Decode(level.name(), piece, level.extents());
          pieces.add(new PlannedInput(task(work, latents, null), PIECE));
        }
      }
      Work assemble =
          new Work.Assemble(level.name(), level.seen(), FileSize.scale(spec, level.seen()));
      below = task(assemble, pieces, null);
    }

    /** What every segment of a level reads besides its own noise. */
    private List<PlannedInput> conditions(Level level, Sampling sampling) {
      Map<String, Integer> fed = new LinkedHashMap<>();
      for (Port port : level.ports()) {
        if (port.encoder() != null) {
          Encoder encoder = card.encoder(port.encoder());
          fed.put(port(encoder), encode(encoder, spec.prompt(), ""));
          String other = otherPrompt(port);
          if (sampling.guidance().guides() && other != null) {
            fed.put(unconditionalPort(encoder), encode(encoder, other, UNCONDITIONAL));
          }
        }
      }
      if (below != null) {
        fed.put(BELOW, below);
      }
      return fed.entrySet().stream().map(e -> new PlannedInput(e.getValue(), e.getKey())).toList();
    }

    private @Nullable String otherPrompt(Port port) {
      return switch (port.unconditional()) {
        case EMPTY_PROMPT -> "";
        case NEGATIVE_PROMPT -> Objects.requireNonNullElse(spec.negativePrompt(), "");
        case SAME, ZEROS, DROP -> null;
      };
    }

    /** Each text is encoded once for all levels. */
    private int encode(Encoder encoder, String text, String side) {
      return encoded.computeIfAbsent(
          encoder.name() + side,
          _ ->
              task(
                  new Work.Encode(encoder.name(), text),
                  List.of(),
                  ContentKey.of(card, encoder, text)));
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

    /** The walk of the base level: the card's, but for what the job asks for. */
    private Sampling sampling(Level level) {
      SamplingOptions options = spec.sampling();
      Sampling usualWalk = level.sampling();
      if (options.schedule() != null && !level.parametrisation().goesWith(options.schedule())) {
        throw new InvalidSpec(
            "schedule",
            "does not go with %s, whose network answers %s and is walked by one of %s"
                .formatted(
                    card.name(),
                    level.parametrisation().answer(),
                    level.parametrisation().schedules()));
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
