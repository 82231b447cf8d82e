package glimt.published;

import com.fasterxml.jackson.databind.JsonNode;
import glimt.bundle.BundleException;
import glimt.diffusion.Chain;
import glimt.diffusion.diffusers.PublishedWalk;
import glimt.diffusion.diffusers.UnknownSettingException;
import glimt.model.Axis;
import glimt.model.BundleCard;
import glimt.model.Codec;
import glimt.model.Encoder;
import glimt.model.GuidanceRule;
import glimt.model.Kind;
import glimt.model.Level;
import glimt.model.NetworkAnswer;
import glimt.model.Parametrisation;
import glimt.model.Port;
import glimt.model.PromptReader;
import glimt.model.Sampling;
import glimt.model.Schedule;
import glimt.model.Schedule.FlowTimes;
import glimt.model.SizeRule;
import glimt.model.Thresholds;
import glimt.pipeline.LevelWalk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What the cards of published pipelines have in common. */
final class PipelineParts {
  /** The only level's name: these pipelines have no hierarchy. */
  static final String BASE = "base";

  /** The longest side of what people see that is offered. */
  private static final int LONGEST = 4096;

  private static final String SCHEDULER = "scheduler";

  private PipelineParts() {}

  // ---- sampling

  /**
   * The walk of the pipeline's own scheduler.
   *
   * @throws BundleException naming a class or setting that is not known
   */
  static Sampling sampling(PublishedFolder from, int steps, double guidance) {
    return sampling(from, from.scheduler(SCHEDULER), steps, guidance, null);
  }

  /** The walk of other settings. */
  static Sampling sampling(
      PublishedFolder from, Map<String, @Nullable Object> settings, int steps, double guidance) {
    return sampling(from, settings, steps, guidance, null);
  }

  /**
   * The walk of the pipeline's own scheduler.
   *
   * @param times that the pipeline gives the scheduler; null if it has its own
   * @throws BundleException naming a class or setting that is not known, and the classes that are
   */
  static Sampling sampling(
      PublishedFolder from, int steps, double guidance, @Nullable FlowTimes times) {
    return sampling(from, from.scheduler(SCHEDULER), steps, guidance, times);
  }

  private static Sampling sampling(
      PublishedFolder from,
      Map<String, @Nullable Object> settings,
      int steps,
      double guidance,
      @Nullable FlowTimes times) {
    Schedule.Published schedule = new Schedule.Published(settings, times, null);
    GuidanceRule rule = GuidanceRule.of(guidance);
    try {
      LevelWalk.of(
          parametrisation(from), new Sampling(Sampling.PUBLISHED, steps, rule, schedule.over(1)));
    } catch (UnknownSettingException unknown) {
      throw new BundleException(
          "%s: %s".formatted(from.file(SCHEDULER, "scheduler_config.json"), unknown.getMessage()),
          unknown);
    }
    return new Sampling(Sampling.PUBLISHED, steps, rule, schedule);
  }

  /** Whether a U-Net was distilled to know the weight of guidance (Meng et al. 2023). */
  static boolean tellsGuidance(PublishedConfig unet) {
    return unet.has("time_cond_proj_dim");
  }

  /** The class of a U-Net that may be told the guidance. */
  static String unet(PublishedFolder from, PublishedConfig config) {
    return from.className("unet") + (tellsGuidance(config) ? ".told" : "");
  }

  /** The ports of a U-Net that may be told the guidance. */
  static List<Port> ports(PublishedConfig unet, Port... others) {
    List<Port> ports = new ArrayList<>(List.of(others));
    if (tellsGuidance(unet)) {
      ports.add(Port.guidance(UnetEmbeddings.GUIDANCE));
    }
    return ports;
  }

  /** The walk of a U-Net that may be told the guidance. */
  static Sampling sampling(PublishedFolder from, PublishedConfig unet, int steps, double guidance) {
    Sampling walk = sampling(from, steps, guidance);
    return tellsGuidance(unet)
        ? new Sampling(
            walk.sampler(),
            walk.steps(),
            new GuidanceRule(GuidanceRule.Mixing.TOLD, guidance, 0, null, null),
            walk.schedule())
        : walk;
  }

  /** What the network answers, as its scheduler reads it. */
  static Parametrisation parametrisation(PublishedFolder from) {
    Map<String, @Nullable Object> settings = from.scheduler(SCHEDULER);
    String name = String.valueOf(settings.get("_class_name"));
    String type = String.valueOf(settings.getOrDefault("prediction_type", "epsilon"));
    NetworkAnswer answer =
        name.startsWith("FlowMatch")
            ? NetworkAnswer.FLOW
            : switch (type) {
              case "v_prediction" -> NetworkAnswer.V;
              case "sample" -> NetworkAnswer.SAMPLE;
              case "flow_prediction" -> NetworkAnswer.FLOW;
              default -> NetworkAnswer.EPSILON;
            };
    return new Parametrisation(answer, 1, new Thresholds.Open());
  }

  /**
   * The chain of a scheduler that noises a picture below.
   *
   * @throws BundleException naming the scheduler, if it is not there or not known, or has no chain
   */
  static Chain chain(PublishedFolder from, String scheduler) {
    String name = from.className(scheduler);
    try {
      return PublishedWalk.of(from.scheduler(scheduler))
          .chain()
          .orElseThrow(
              () ->
                  new BundleException(
                      "%s: the %s %s has no chain of noise"
                          .formatted(from.folder(), scheduler, name)));
    } catch (UnknownSettingException unknown) {
      throw new BundleException(
          "%s: %s".formatted(from.file(scheduler, "scheduler_config.json"), unknown.getMessage()),
          unknown);
    }
  }

  // ---- latents

  /** The stem of the network that turns pixels into latents. */
  private static final String ENCODER = "vae_encoder";

  /** The way into latents whose pipelines draw them of the encoder's distribution. */
  static final Codec.LatentEncoding DRAWN = new Codec.LatentEncoding(ENCODER, true);

  /** The way into latents whose pipelines take the distribution's mean. */
  static final Codec.LatentEncoding MEAN = new Codec.LatentEncoding(ENCODER, false);

  /** Takes in both halves of an autoencoder. */
  static void autoencoder(PublishedFolder from, BundleDraft draft) {
    draft.network("vae", from, "vae", from.className("vae") + ".decode");
    draft.network(ENCODER, from, "vae", from.className("vae") + ".encode");
  }

  /** How many pixels of a side a position of AutoencoderKL's latents stands for. */
  private static int factor(PublishedConfig vae) {
    return 1 << (vae.integers("block_out_channels", List.of(64)).size() - 1);
  }

  /**
   * What the AutoencoderKL of a pipeline makes of its latents, which the published loops only
   * divide by {@code scaling_factor}: whatever else its configuration says of them, they leave.
   */
  static Codec codec(PublishedFolder from, String component, List<Axis> axes) {
    double scale = from.config(component).number("scaling_factor", 0.18215);
    return codec(from, component, axes, List.of(scale), List.of(0.0));
  }

  /** The same where the loop takes the latents' means and deviations into account, if given. */
  static Codec normalised(PublishedFolder from, String component, List<Axis> axes) {
    PublishedConfig vae = from.config(component);
    List<Double> means = vae.numbers("latents_mean", List.of());
    List<Double> deviations = vae.numbers("latents_std", List.of());
    if (means.isEmpty() || deviations.isEmpty()) {
      return codec(from, component, axes);
    }
    double scale = vae.number("scaling_factor", 0.18215);
    return codec(
        from, component, axes, deviations.stream().map(one -> scale / one).toList(), means);
  }

  private static Codec codec(
      PublishedFolder from,
      String component,
      List<Axis> axes,
      List<Double> scale,
      List<Double> shift) {
    PublishedConfig vae = from.config(component);
    int factor = factor(vae);
    List<Integer> factors =
        axes.stream().map(axis -> axis.name().equals("frames") ? 1 : factor).toList();
    return new Codec(
        component,
        LatentTiles.of(axes, factors),
        factors,
        Collections.nCopies(axes.size(), false),
        vae.integer("out_channels", 3),
        scale,
        shift);
  }

  /**
   * Height and width of a network's latents, which an AutoencoderKL decodes.
   *
   * @param pixels of a side, where the network's configuration gives no size
   */
  static List<Axis> sides(PublishedFolder from, PublishedConfig network, int pixels) {
    int factor = factor(from.config("vae"));
    JsonNode said = network.value("sample_size");
    List<Integer> sides =
        said == null
            ? List.of(pixels / factor, pixels / factor)
            : network.integers("sample_size", List.of(0, 0));
    if (sides.size() != 2) {
      throw network.refused("sample_size", "it must be one side, or height and width");
    }
    return List.of(side("height", sides.get(0), factor), side("width", sides.get(1), factor));
  }

  /** A side of a latent in one piece, whose picture's is a multiple of 8 where that is usual. */
  private static Axis side(String name, int extent, int factor) {
    int multiple = Math.max(1, 8 / factor);
    int step = extent % multiple == 0 ? multiple : 1;
    int most = Math.max(extent, LONGEST / factor / step * step);
    return new Axis(name, extent, extent, extent, 0, new SizeRule(step, most, step, 0));
  }

  // ---- the card

  /** A level of latents that is walked by the pipeline's own scheduler. */
  static Level level(
      PublishedFolder from,
      String network,
      List<Axis> axes,
      int channels,
      List<Port> ports,
      Codec codec,
      Sampling sampling) {
    return new Level(
        BASE,
        axes,
        channels,
        network,
        parametrisation(from),
        ports,
        List.of(),
        0,
        codec,
        sampling,
        null);
  }

  /** The card of a pipeline with one level, of colours in [-1, 1], that an encoder steers. */
  static BundleCard card(
      PublishedFolder from,
      ImportOptions options,
      Kind kind,
      int fps,
      List<Encoder> encoders,
      Level level) {
    return card(from, options, kind, fps, encoders.getFirst().reader(), encoders, level);
  }

  /** The same with another reader of prompts. */
  static BundleCard card(
      PublishedFolder from,
      ImportOptions options,
      Kind kind,
      int fps,
      PromptReader reader,
      List<Encoder> encoders,
      Level level) {
    return card(from, options, kind, fps, reader, encoders, List.of(level));
  }

  /** The card of a cascade, whose first level is the pipeline's. */
  static BundleCard card(
      PublishedFolder from,
      ImportOptions options,
      Kind kind,
      int fps,
      PromptReader reader,
      List<Encoder> encoders,
      List<Level> levels) {
    Level level = levels.getFirst();
    int channels = level.codec() == null ? level.channels() : level.codec().channels();
    String name = options.name().isEmpty() ? cardName(from.name()) : options.name();
    Map<String, String> notes = new TreeMap<>();
    notes.put("published", "a %s of diffusers".formatted(from.className()));
    if (level.sampling().schedule() instanceof Schedule.Published published) {
      PublishedWalk walk = PublishedWalk.of(published.settings());
      notes.put("scheduler", walk.className());
      if (!walk.ignored().isEmpty()) {
        notes.put(
            "scheduler keys ignored", String.join(", ", walk.ignored().stream().sorted().toList()));
      }
    }
    return new BundleCard(
        BundleCard.VERSION,
        name,
        kind,
        "Published as a %s.".formatted(from.className()),
        licence(from.folder()),
        reader,
        encoders,
        fps,
        Collections.nCopies(channels, 1.0),
        Collections.nCopies(channels, 0.0),
        levels,
        List.of(),
        Map.of(),
        Map.of(),
        notes);
  }

  /** A name without what a card's may not have. */
  static String cardName(String name) {
    return name.replaceAll("[^\\p{L}\\p{N} ._-]", "-").replaceAll("^[ ._-]+", "");
  }

  /** The licence that the folder's model card names. */
  static String licence(Path folder) {
    try (Stream<String> lines = Files.lines(folder.resolve("README.md"))) {
      return lines
          .limit(200)
          .filter(line -> line.startsWith("license:"))
          .map(line -> line.substring("license:".length()).strip())
          .findFirst()
          .orElse("not stated in README.md");
    } catch (IOException | java.io.UncheckedIOException _) {
      return "not stated: the folder has no README.md";
    }
  }
}
